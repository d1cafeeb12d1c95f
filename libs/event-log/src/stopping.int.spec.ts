import { plantFailpoint } from '@quadrille/observability';
import { expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '../test/eventually.js';
import { gate } from '../test/gate.js';
import { noteMessage, TestQueue } from '../test/queue.js';
import { replica } from '../test/replica.js';
import { suiteLogs } from '../test/suite-logs.js';

const { running, notesOf, database, undo } = suiteLogs();

/** An event log that consumes, and whose rounds tell when they are about to commit and wait until they may. */
async function consuming() {
  const queue = new TestQueue();
  const log = await running({ queues: [queue] });
  await eventually(() => expect(queue.isConsumed).toBe(true));
  const atCommit = gate();
  const mayCommit = gate();
  undo.push(plantFailpoint('round.committing', () => (atCommit.open(), mayCommit.opened)));
  return { queue, log, atCommit, mayCommit };
}

test('stopping lets the running round end and acknowledge, and begins no other', async () => {
  const { queue, log, atCommit, mayCommit } = await consuming();
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
  expect(await database().dataSource.query('select owner from partition_lease')).toEqual([{ owner: null }]);
  expect(await database().dataSource.query('select id from replica')).toEqual([]);
});

test('what comes when a stop has begun does not join a batch that waits for its round', async () => {
  const { queue, log, atCommit, mayCommit } = await consuming();
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
  const log = replica(database(), { queues: [queue] });
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
  expect(await database().dataSource.query('select owner from partition_lease')).toEqual([{ owner: null }]);
});
