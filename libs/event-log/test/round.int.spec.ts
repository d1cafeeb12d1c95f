import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { readStream } from '../src/log.js';
import { Round } from '../src/round.js';
import { accountDatabase, type AccountDatabase } from './account-database.js';
import { accountParticipant, broken } from './account.js';
import { interrupted } from './interrupted.js';
import { confirmed, placed, request, unreadable, wakeUp } from './items.js';
import { seenSpans } from './seen-spans.js';

let database: AccountDatabase;
beforeAll(async () => {
  database = await accountDatabase();
});
afterAll(() => database.end());
afterEach(() => broken.clear());

const balanceOf = async (account: string) =>
  (await database.query<{ balance: number }>('select balance from account where id = $1', [account]))[0]?.balance;
const streamOf = async (account: string) => readStream(database.dataSource.manager, `account-${account}`);
const heldOf = (account: string) =>
  database.query<{ message_id: string; status: string; code: string; attempts: number }>(
    'select message_id, status, code, attempts from held_message where key = $1 order by id',
    [account],
  );

describe('a batch', () => {
  test('takes messages, requests and wake-ups together and answers in their order', async () => {
    const [a, b] = [uuidv7(), uuidv7()];
    const outcomes = await database.round.run([
      placed(a, 10),
      request({ type: 'Withdraw', account: a, amount: 4 }),
      request({ type: 'Withdraw', account: b, amount: 1 }),
      wakeUp({ type: 'Thaw', account: a }),
      confirmed(a),
    ]);
    expect(outcomes).toEqual([
      { kind: 'decided', events: 1 },
      { kind: 'decided', events: 1, answer: { version: 2, balance: 6 } },
      { kind: 'refused', refusal: expect.objectContaining({ code: 'insufficient_funds' }) },
      { kind: 'decided', events: 0 },
      { kind: 'decided', events: 1 },
    ]);
    expect(await balanceOf(a)).toBe(5);
  });

  test('is appended to the log with dense versions, the cause of each event and the time of the database', async () => {
    const account = uuidv7();
    const items = [placed(account, 10), confirmed(account), confirmed(account)];
    await database.round.run(items);
    const events = await streamOf(account);
    expect(events.map(({ version, event }) => [version, event])).toEqual([
      [1, { type: 'Deposited', amount: 10, balance: 10 }],
      [2, { type: 'Withdrawn', amount: 1, balance: 9 }],
      [3, { type: 'Withdrawn', amount: 1, balance: 8 }],
    ]);
    expect(events.map(({ cause }) => cause)).toEqual(items.map(({ cause }) => cause));
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
    expect(events.map(({ position }) => position)).toEqual(
      [...events.map(({ position }) => position)].sort((x, y) => x - y),
    );
  });

  test('that is empty stores nothing', async () => {
    expect(await database.round.run([])).toEqual([]);
  });
});

describe('a trace', () => {
  const [traceId, parentSpanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const traced = (account: string, flags: string) => {
    const item = placed(account, 10);
    return { ...item, cause: { ...item.cause, traceparent: `00-${traceId}-${parentSpanId}-${flags}` } };
  };
  let tracing: Awaited<ReturnType<typeof seenSpans>>;
  beforeEach(async () => {
    tracing = await seenSpans();
  });
  afterEach(() => tracing.shutdown());

  test('that is sampled has a step for the message, and what was decided goes on from it', async () => {
    const account = uuidv7();
    const item = traced(account, '01');
    await database.round.run([item, item]);

    expect(tracing.spans).toMatchObject([
      { name: 'process order.placed.v1', traceId, parentSpanId, outcome: 'decided' },
      { name: 'process order.placed.v1', traceId, parentSpanId, outcome: 'duplicate' },
    ]);
    const [event] = await streamOf(account);
    expect(event?.cause.traceparent).toBe(`00-${traceId}-${tracing.spans[0]!.spanId}-01`);
  });

  test('that is not sampled passes through as it came', async () => {
    const account = uuidv7();
    const item = traced(account, '00');
    await database.round.run([item]);

    expect(tracing.spans).toEqual([]);
    expect((await streamOf(account))[0]?.cause).toEqual(item.cause);
  });
});

describe('a message that comes again', () => {
  test('is a duplicate in the same batch and in a later one', async () => {
    const account = uuidv7();
    const item = placed(account, 10);
    const shouting = { ...item, messageId: item.messageId.toUpperCase() };
    expect(await database.round.run([shouting, item])).toEqual([{ kind: 'decided', events: 1 }, { kind: 'duplicate' }]);
    expect(await database.round.run([item, shouting])).toEqual([{ kind: 'duplicate' }, { kind: 'duplicate' }]);
    expect(await balanceOf(account)).toBe(10);
  });

  test('or is held leaves no head of a stream in which nothing ever happened', async () => {
    const [refused, bad] = [uuidv7(), uuidv7()];
    broken.add(bad);
    const item = confirmed(refused);
    const kinds = async () => (await database.round.run([item, placed(bad, 1)])).map(({ kind }) => kind);
    expect(await kinds()).toEqual(['refused', 'held']);
    expect(await kinds()).toEqual(['duplicate', 'held']);
    const streams = [refused, bad].map((account) => `account-${account}`);
    expect(await database.query('select * from stream_head where stream = any ($1)', [streams])).toEqual([]);
  });

  test('at many replicas at once takes effect once', async () => {
    const account = uuidv7();
    const item = placed(account, 10);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => database.round.run([item])));
    expect(outcomes.flat().filter(({ kind }) => kind === 'decided')).toHaveLength(1);
    expect(outcomes.flat().filter(({ kind }) => kind === 'duplicate')).toHaveLength(7);
    expect(await balanceOf(account)).toBe(10);
  });
});

describe('concurrent rounds', () => {
  test('on the same streams give dense versions and lose no update', async () => {
    const accounts = Array.from({ length: 3 }, () => uuidv7());
    await Promise.all(
      Array.from({ length: 20 }, (_, round) => {
        const shuffled = round % 2 ? accounts : [...accounts].reverse();
        return database.round.run(shuffled.map((account) => placed(account, 1)));
      }),
    );
    for (const account of accounts) {
      expect((await streamOf(account)).map(({ version }) => version)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
      expect(await balanceOf(account)).toBe(20);
    }
  });
});

describe('a stream that begins in another round', () => {
  function roundInterruptedBy(elsewhere: () => Promise<unknown>) {
    const repository = interrupted(accountParticipant.repository, elsewhere);
    return new Round({ dataSource: database.dataSource, participant: { ...accountParticipant, repository } });
  }

  test('is decided on as it has become', async () => {
    const account = uuidv7();
    const round = roundInterruptedBy(() => database.round.run([placed(account, 10)]));
    expect(await round.run([request({ type: 'Withdraw', account, amount: 4 })])).toEqual([
      { kind: 'decided', events: 1, answer: { version: 2, balance: 6 } },
    ]);
  });

  test('is answered with its version, also by who changes nothing', async () => {
    const account = uuidv7();
    const round = roundInterruptedBy(() => database.round.run([placed(account, 10)]));
    expect(await round.run([request({ type: 'Thaw', account })])).toEqual([
      { kind: 'decided', events: 0, answer: { version: 1, balance: 10 } },
    ]);
  });
});

describe('a message that fails', () => {
  test('is held, later ones of its key queue up behind it, and all others pass', async () => {
    const [good, bad] = [uuidv7(), uuidv7()];
    broken.add(bad);
    const [first, second] = [placed(bad, 1), placed(bad, 2)];
    const outcomes = await database.round.run([placed(good, 1), first, placed(good, 1), second, placed(good, 1)]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['decided', 'held', 'decided', 'held', 'decided']);
    expect(await balanceOf(good)).toBe(3);
    broken.clear();
    const third = placed(bad, 3);
    expect(await database.round.run([third])).toMatchObject([{ kind: 'held' }]);
    expect(await heldOf(bad)).toEqual([
      { message_id: first.messageId, status: 'retrying', code: 'Error', attempts: 1 },
      { message_id: second.messageId, status: 'waiting', code: 'key_held', attempts: 0 },
      { message_id: third.messageId, status: 'waiting', code: 'key_held', attempts: 0 },
    ]);
    expect(await balanceOf(bad)).toBeUndefined();
  });

  test('because it cannot be read is held at once, between its neighbours of the same key', async () => {
    const account = uuidv7();
    const outcomes = await database.round.run([placed(account, 1), unreadable(account), placed(account, 1)]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['decided', 'held', 'held']);
    expect((await heldOf(account)).map(({ code }) => code)).toEqual(['invalid_data', 'key_held']);
    expect(await balanceOf(account)).toBe(1);
  });

  test('is a duplicate when it comes again', async () => {
    const account = uuidv7();
    broken.add(account);
    const item = placed(account, 1);
    await database.round.run([item]);
    expect(await database.round.run([item])).toEqual([{ kind: 'duplicate' }]);
    expect(await heldOf(account)).toHaveLength(1);
  });

  test('as a request or wake-up stores nothing and is answered with its error', async () => {
    const [good, bad] = [uuidv7(), uuidv7()];
    broken.add(bad);
    const outcomes = await database.round.run([
      request({ type: 'Deposit', account: bad, amount: 1 }, { scope: 's', key: bad, bodyHash: 'h' }),
      wakeUp({ type: 'Thaw', account: bad }),
      placed(good, 1),
    ]);
    const failed = { kind: 'failed', error: expect.objectContaining({ message: `account ${bad} is broken` }) };
    expect(outcomes).toEqual([failed, failed, { kind: 'decided', events: 1 }]);
    expect(await database.query('select * from idempotency where key = $1', [bad])).toEqual([]);
    expect(await heldOf(bad)).toEqual([]);
  });
});
