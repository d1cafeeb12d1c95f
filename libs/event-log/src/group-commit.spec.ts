import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GroupCommit } from './group-commit.js';
import type { DeliveryItem, Outcome, RoundItem } from './round-types.js';

interface Command {
  readonly type: string;
}

/** Each round takes until the spec ends it. */
class RoundsByHand {
  /** The commands of each round that has begun. */
  readonly begun: string[][] = [];
  private end: () => void = () => undefined;

  readonly hold = () => Promise.reject(new Error('nothing is held here'));

  run(items: readonly RoundItem<Command, never>[]): Promise<Outcome[]> {
    this.begun.push(items.map((item) => (item.kind === 'delivery' ? item.type : item.command.type)));
    return new Promise((resolve) => {
      this.end = () => resolve(items.map(() => ({ kind: 'decided', events: 1 })));
    });
  }

  /** Lets the round that is under way end after `tookMs`. */
  async endAfter(tookMs: number): Promise<void> {
    jest.advanceTimersByTime(tookMs);
    this.end();
    await turns();
  }
}

let rounds: RoundsByHand;
let group: GroupCommit<Command, never>;

beforeEach(() => {
  // Only the clock and the timers stand still: turns of the event loop go on.
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  rounds = new RoundsByHand();
  group = new GroupCommit(rounds, { itemsMax: 12 });
});
afterEach(() => {
  jest.useRealTimers();
});

/** Long enough for a round to begin that waits for nothing. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const cause = { correlationId: 'c', causationId: 'c' };

/** What comes one by one: a worker's answer, as a request would be. */
function answer(type: string): RoundItem<Command, never> {
  return { kind: 'wake-up', command: { type }, cause };
}

/** Sent by others, who have rested. */
function message(type: string): DeliveryItem {
  const content = { kind: 'unreadable', code: 'unknown_type', reason: 'of no consequence' } as const;
  const body = Buffer.from('');
  return { kind: 'delivery', messageId: type, key: type, partition: 0, type, message: { body }, content, cause };
}

async function send(...types: string[]): Promise<void> {
  void group.run(types.map(answer));
  await turns();
}

it('follows a round of one item by the next at once, however long it took', async () => {
  await send('a');
  await rounds.endAfter(40);
  await send('b');
  await send('c');
  expect(rounds.begun).toEqual([['a'], ['b']]);
  await rounds.endAfter(40);
  expect(rounds.begun).toEqual([['a'], ['b'], ['c']]);
});

it('rests after a round of two items for twice as long as it took, and what comes one after another shares the next', async () => {
  await send('a', 'b');
  await rounds.endAfter(20);
  await send('c');
  jest.advanceTimersByTime(39);
  await send('d');
  expect(rounds.begun).toEqual([['a', 'b']]);
  jest.advanceTimersByTime(1);
  await turns();
  expect(rounds.begun).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

it('counts the items of all callers, and not the callers', async () => {
  for (const type of ['a', 'b', 'c', 'd']) void group.run([answer(type)]);
  await turns();
  await rounds.endAfter(40);
  await send('e');
  expect(rounds.begun).toEqual([['a', 'b', 'c', 'd']]);
});

it('rests for a short while only after a round that took long', async () => {
  await send('a', 'b', 'c', 'd', 'e');
  await rounds.endAfter(5000);
  await send('f');
  jest.advanceTimersByTime(174);
  await turns();
  expect(rounds.begun).toHaveLength(1);
  jest.advanceTimersByTime(1);
  await turns();
  expect(rounds.begun).toEqual([['a', 'b', 'c', 'd', 'e'], ['f']]);
});

it('does not rest when half a round waits, or as soon as it is', async () => {
  await send('a', 'b', 'c', 'd');
  await send('e', 'f', 'g', 'h', 'i', 'j');
  await rounds.endAfter(40);
  expect(rounds.begun).toHaveLength(2);
  await rounds.endAfter(40);
  await send('k', 'l', 'm');
  expect(rounds.begun).toHaveLength(2);
  await send('n', 'o', 'p');
  expect(rounds.begun.slice(2)).toEqual([['k', 'l', 'm', 'n', 'o', 'p']]);
});

const messages = (...types: string[]) => types.map(message);
const answers = (...types: string[]) => types.map(answer);

describe.each([
  ['two messages', [messages('a', 'b')], { 'not full': 10, full: 20 }],
  ['six messages', [messages('a', 'b', 'c', 'd', 'e', 'f')], { 'not full': 10, full: 50 }],
  ['messages of two partitions', [messages('a'), messages('b')], { 'not full': 10, full: 20 }],
  ['a message and an answer', [messages('a'), answers('b')], { 'not full': 20, full: 20 }],
  ['three answers', [answers('a', 'b'), answers('c')], { 'not full': 30, full: 30 }],
  ['six answers', [answers('a', 'b', 'c', 'd', 'e', 'f')], { 'not full': 50, full: 50 }],
])('after %s', (_, calls, restMs) => {
  it.each(Object.entries(restMs))(
    'on a machine that is %s, it rests for %s ms when the round took 10',
    async (machine, rest) => {
      group = new GroupCommit(rounds, { itemsMax: 12, isMachineFull: () => machine === 'full' });
      for (const items of calls) void group.run(items);
      await turns();
      await rounds.endAfter(10);
      await send('next');
      jest.advanceTimersByTime(rest - 1);
      await turns();
      expect(rounds.begun).toHaveLength(1);
      jest.advanceTimersByTime(1);
      await turns();
      expect(rounds.begun[1]).toEqual(['next']);
    },
  );
});

describe('what comes while its caller waits for a round', () => {
  /** A caller for whom more has come when its round begins. */
  const sendFrom = (type: string, come: string[]) => {
    const outcomes = group.run([message(type)], { more: (max) => come.splice(0, max).map(message) });
    return turns().then(() => outcomes);
  };

  it('goes in that round behind what waited, and has its own outcome', async () => {
    await send('a', 'b');
    await rounds.endAfter(10);
    const come = ['d', 'e'];
    const outcomes = sendFrom('c', come);
    jest.advanceTimersByTime(19);
    await turns();
    come.push('f');
    jest.advanceTimersByTime(1);
    await turns();
    expect(rounds.begun[1]).toEqual(['c', 'd', 'e', 'f']);
    await rounds.endAfter(10);
    expect(await outcomes).toHaveLength(4);
  });

  it('is asked for when the round begins, and not again while it runs', async () => {
    const come = ['b'];
    void sendFrom('a', come);
    await turns();
    come.push('c');
    await rounds.endAfter(10);
    expect(rounds.begun).toEqual([['a', 'b']]);
    expect(come).toEqual(['c']);
  });

  it('goes in as far as there is room', async () => {
    const come = Array.from({ length: 20 }, (_, index) => String(index));
    void sendFrom('a', come);
    await turns();
    expect(rounds.begun[0]).toHaveLength(12);
    expect(come).toHaveLength(9);
  });

  it('makes a round a busy one', async () => {
    void sendFrom('a', ['b']);
    await turns();
    await rounds.endAfter(10);
    await send('c');
    expect(rounds.begun).toEqual([['a', 'b']]);
  });
});

describe('what can wait', () => {
  const deferrable = () => 1;
  const sendWithCompany = (type: string) => void group.company().then(() => group.run([answer(type)], { deferrable }));

  it('shares the round of the next that cannot', async () => {
    sendWithCompany('a');
    sendWithCompany('b');
    await turns();
    expect(rounds.begun).toEqual([]);
    await send('c');
    expect(rounds.begun).toEqual([['c', 'a', 'b']]);
  });

  it('waits for a moment at most, counted from the first, and goes together', async () => {
    sendWithCompany('a');
    jest.advanceTimersByTime(49);
    sendWithCompany('b');
    await turns();
    expect(rounds.begun).toEqual([]);
    jest.advanceTimersByTime(1);
    await turns();
    expect(rounds.begun).toEqual([['a', 'b']]);
  });

  it('waits again after it went', async () => {
    await send('a');
    await rounds.endAfter(1);
    sendWithCompany('b');
    await turns();
    expect(rounds.begun).toEqual([['a']]);
    await send('c');
    expect(rounds.begun).toEqual([['a'], ['c', 'b']]);
  });

  it('makes no round a busy one: whoever somebody waits for follows at once', async () => {
    sendWithCompany('a');
    sendWithCompany('b');
    await send('c');
    await rounds.endAfter(40);
    await send('d');
    expect(rounds.begun).toEqual([['c', 'a', 'b'], ['d']]);
  });
});
