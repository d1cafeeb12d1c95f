import { plantFailpoint } from '@quadrille/observability';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import { gate } from '../test/gate.js';
import type { State } from '../test/participant.js';
import { noteMessage, TestQueue } from '../test/queue.js';
import { replica, type ReplicaOptions, type TestEventLog } from '../test/replica.js';

let database: TestDatabase;
let dataSource: DataSource;
let undo: (() => unknown)[] = [];

beforeAll(async () => {
  database = await testDatabase();
  ({ dataSource } = database);
});

afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
  await database.reset();
});

afterAll(() => database.drop());

async function running(options: ReplicaOptions): Promise<TestEventLog> {
  const started = replica(database, options);
  undo.push(() => started.stop());
  await started.start();
  return started;
}

async function notesOf(orderId: string): Promise<readonly string[]> {
  const [row] = await dataSource.query<{ state: State }[]>('select state from test_order where order_id = $1', [
    orderId,
  ]);
  return row?.state.notes ?? [];
}

test('stopping lets the running round end and acknowledge, and begins no other', async () => {
  const queue = new TestQueue();
  const log = await running({ queues: [queue] });
  await eventually(() => expect(queue.isConsumed).toBe(true));
  const atCommit = gate();
  const mayCommit = gate();
  undo.push(plantFailpoint('round.committing', () => (atCommit.open(), mayCommit.opened)));
  const [order, late] = [randomUUID(), randomUUID()];
  const { id, body } = noteMessage(order);
  queue.send(body);
  await atCommit.opened;
  queue.send(noteMessage(late).body);

  const stopped = Promise.all([log.stop(), log.stop()]);
  mayCommit.open();
  await stopped;
  expect(await notesOf(order)).toEqual([id]);
  expect(await notesOf(late)).toEqual([]);
  expect([queue.length, queue.isConsumed]).toEqual([1, false]);
  expect(await dataSource.query('select owner from partition_lease')).toEqual([{ owner: null }]);
  expect(await dataSource.query('select id from replica')).toEqual([]);
});

test('what comes when a stop has begun does not join a batch that waits for its round', async () => {
  const queue = new TestQueue();
  const log = await running({ queues: [queue] });
  await eventually(() => expect(queue.isConsumed).toBe(true));
  const atCommit = gate();
  const mayCommit = gate();
  undo.push(plantFailpoint('round.committing', () => (atCommit.open(), mayCommit.opened)));
  const atHandling = gate();
  undo.push(plantFailpoint('consumer.handling', () => atHandling.open()));
  const [requested, order, late] = [randomUUID(), randomUUID(), randomUUID()];
  const asked = log.commands.send(
    { type: 'Open', orderId: requested },
    { cause: { correlationId: 'c', causationId: 'c' }, answer: () => null },
  );
  await atCommit.opened;
  const { id, body } = noteMessage(order);
  queue.send(body);
  await atHandling.opened;

  const stopped = log.stop();
  queue.send(noteMessage(late).body);
  mayCommit.open();
  await Promise.all([asked, stopped]);
  expect([await notesOf(order), await notesOf(late), queue.length]).toEqual([[id], [], 1]);
});

test('a stop in the middle of the start leaves nothing running', async () => {
  const queue = new TestQueue();
  const log = replica(database, { queues: [queue] });
  const starting = log.start();
  await log.stop();
  await starting;
  expect(queue.isConsumed).toBe(false);
  await expect(log.start()).rejects.toThrow('stopped');
});

test('a stop does not wait for a broker that is away', async () => {
  const opening = gate();
  const openStream = () => (opening.open(), new Promise<never>(() => undefined));
  const log = await running({ partitions: 1, openStream });
  await opening.opened;
  await log.stop();
  expect(await dataSource.query('select owner from partition_lease')).toEqual([{ owner: null }]);
});
