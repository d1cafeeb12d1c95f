import { plantFailpoint } from '@quadrille/observability';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '../test/eventually.js';
import { testParticipant } from '../test/participant.js';
import { capturedMessage, noteMessage, TestQueue } from '../test/queue.js';
import { GroupCommit } from './group-commit.js';
import type { TestEventLog } from '../test/replica.js';
import { suiteLogs } from '../test/suite-logs.js';

const { running, notesOf, undo } = suiteLogs();
let rounds = 0;

beforeEach(() => {
  rounds = 0;
  undo.push(plantFailpoint('round.deciding', () => void (rounds += 1)));
});
const cause = { correlationId: 'c', causationId: 'c' };

function open(log: TestEventLog): Promise<unknown> {
  return log.commands.send({ type: 'Open', orderId: randomUUID() }, { cause, answer: () => null });
}

describe('a message that nobody waits for', () => {
  const participant = testParticipant();
  const { choreography } = participant;
  const patient = { ...participant, choreography: { ...choreography, deferrable: ['payment.declined.v1' as const] } };
  const timing = { companyMs: 600_000 };

  test('waits until something else is decided and shares that round, behind nothing of its key', async () => {
    const queue = new TestQueue();
    const log = await running({ participant: patient, queues: [queue], timing });
    const orderId = randomUUID();
    const notes = [noteMessage(orderId), noteMessage(orderId)];
    for (const { body } of notes) queue.send(body);
    await eventually(() => expect(queue.taken).toHaveLength(2));
    // Longer than a round would take to begin.
    for (let reads = 0; reads < 5; reads++) expect(await notesOf(orderId)).toEqual([]);
    expect(rounds).toBe(0);
    await open(log);
    await eventually(() => expect(queue.length).toBe(0));
    expect(await notesOf(orderId)).toEqual(notes.map(({ id }) => id));
    expect(rounds).toBe(1);
  });

  test('goes at once with a message of its partition that somebody waits for', async () => {
    const queue = new TestQueue();
    await running({ participant: patient, queues: [queue], timing });
    const orderId = randomUUID();
    queue.send(noteMessage(orderId).body);
    await eventually(() => expect(queue.taken).toHaveLength(1));
    const run = jest.spyOn(GroupCommit.prototype, 'run');
    undo.push(() => run.mockRestore());
    queue.send(capturedMessage(orderId));
    await eventually(() => expect(queue.length).toBe(0));
    expect(rounds).toBe(1);
    // So that the round is not taken for a busy one.
    const [[items = [], options] = []] = run.mock.calls;
    expect(run).toHaveBeenCalledTimes(1);
    expect([items.length, options?.deferrable?.()]).toEqual([2, 1]);
  });

  test('is decided by itself when nobody comes', async () => {
    const queue = new TestQueue();
    await running({ participant: patient, queues: [queue] });
    const orderId = randomUUID();
    const { id, body } = noteMessage(orderId);
    queue.send(body);
    await eventually(async () => expect(await notesOf(orderId)).toEqual([id]));
  });

  test('is left to the next replica by one that stops', async () => {
    const queue = new TestQueue();
    const first = await running({ participant: patient, queues: [queue], timing });
    const orderId = randomUUID();
    const { id, body } = noteMessage(orderId);
    queue.send(body);
    await eventually(() => expect(queue.taken).toHaveLength(1));
    await first.stop();
    expect(rounds).toBe(0);
    await running({ participant: patient, queues: [queue] });
    await eventually(async () => expect(await notesOf(orderId)).toEqual([id]));
  });
});
