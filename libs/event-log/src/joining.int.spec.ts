import { plantFailpoint } from '@quadrille/observability';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import type { State } from '../test/participant.js';
import { noteMessage, TestQueue } from '../test/queue.js';
import { replica, type TestEventLog } from '../test/replica.js';
import { RoundUnavailable } from './faults.js';
import { Round } from './round.js';

let database: TestDatabase;
let undo: (() => unknown)[] = [];

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
  await database.reset();
});
afterAll(() => database.drop());

const cause = { correlationId: 'c', causationId: 'c' };

async function notesOf(orderId: string): Promise<readonly string[]> {
  const sql = 'select state from test_order where order_id = $1';
  const [row] = await database.dataSource.query<{ state: State }[]>(sql, [orderId]);
  return row?.state.notes ?? [];
}

/** A replica whose first round goes on until the spec ends it, and in front of the second a message that waits. */
async function withOneThatWaits(): Promise<{ queue: TestQueue; orderId: string; first: string; endRound: () => void }> {
  const queue = new TestQueue();
  const log: TestEventLog = replica(database, { queues: [queue] });
  undo.push(() => log.stop());
  await log.start();
  let endRound = (): void => undefined;
  const ended = new Promise<void>((resolve) => (endRound = resolve));
  undo.push(() => endRound());
  let begun = 0;
  undo.push(plantFailpoint('round.committing', () => (++begun === 1 ? ended : undefined)));
  void log.commands.send({ type: 'Open', orderId: randomUUID() }, { cause, answer: () => null });
  await eventually(() => expect(begun).toBe(1));
  const orderId = randomUUID();
  const { id, body } = noteMessage(orderId);
  queue.send(body);
  await eventually(() => expect(queue.taken).toHaveLength(1));
  return { queue, orderId, first: id, endRound };
}

/** How many items each round has that begins from now on. */
function roundsFromNow() {
  const run = jest.spyOn(Round.prototype, 'run');
  undo.push(() => run.mockRestore());
  return { run, sizes: () => run.mock.calls.map(([items]) => items.length) };
}

describe('a message that comes while another of its partition waits for a round', () => {
  test('goes in that round behind it, and is acknowledged', async () => {
    const { queue, orderId, first, endRound } = await withOneThatWaits();
    const later = [noteMessage(orderId), noteMessage(orderId)];
    const { sizes } = roundsFromNow();
    for (const { body } of later) queue.send(body);
    endRound();
    await eventually(() => expect(queue.length).toBe(0));
    expect(await notesOf(orderId)).toEqual([first, ...later.map(({ id }) => id)]);
    expect(sizes()).toEqual([3]);
  });

  test('stays with it when the database does not take that round', async () => {
    const { queue, orderId, first, endRound } = await withOneThatWaits();
    const later = noteMessage(orderId);
    const { run, sizes } = roundsFromNow();
    run.mockRejectedValueOnce(new RoundUnavailable(new Error('away')));
    queue.send(later.body);
    endRound();
    await eventually(() => expect(queue.length).toBe(0));
    expect(await notesOf(orderId)).toEqual([first, later.id]);
    expect(sizes()).toEqual([2, 2]);
  });

  test('waits for the next where there are as many as a consumer takes at first', async () => {
    const { queue, orderId, first, endRound } = await withOneThatWaits();
    const later = Array.from({ length: 40 }, () => noteMessage(orderId));
    const { sizes } = roundsFromNow();
    for (const { body } of later) queue.send(body);
    endRound();
    await eventually(() => expect(queue.length).toBe(0));
    expect(await notesOf(orderId)).toEqual([first, ...later.map(({ id }) => id)]);
    expect(sizes()).toEqual([25, 16]);
  });

  test('does not go with one that is to find out whether a fault is over', async () => {
    const queue = new TestQueue();
    const onDecide = () => {
      throw new TypeError('a bug in the decider');
    };
    for (let count = 0; count < 200; count++) queue.send(noteMessage(randomUUID()).body);
    const log = replica(database, { queues: [queue], onDecide, timing: { brakeMs: 20, brakeMaxMs: 20 } });
    undo.push(() => log.stop());
    await log.start();
    await eventually(() => expect(log.status().consumingPaused).toBe(true));
    const { sizes } = roundsFromNow();
    await eventually(() => expect(sizes().length).toBeGreaterThan(2));
    expect(new Set(sizes())).toEqual(new Set([1]));
  });

  test('goes alone when it may have ended a process before, and whatever came behind it comes behind it', async () => {
    const { queue, orderId, first, endRound } = await withOneThatWaits();
    const [suspect, last] = [noteMessage(orderId), noteMessage(orderId)];
    const { sizes } = roundsFromNow();
    queue.send(suspect.body, 2);
    queue.send(last.body);
    endRound();
    await eventually(() => expect(queue.length).toBe(0));
    expect(await notesOf(orderId)).toEqual([first, suspect.id, last.id]);
    expect(sizes()).toEqual([1, 1, 1]);
  });
});
