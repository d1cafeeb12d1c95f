import { describe, expect, it } from '@jest/globals';
import type { Channel, ConsumeMessage } from 'amqplib';
import { orderConfirmed } from '../test/sample-events.js';
import { RetryQueues } from './retry-queues.js';

const queues = new RetryQueues('mailer', { attemptsMax: 3, firstDelayMs: 1_000, factor: 4 });

function failed(attempt: number): ConsumeMessage {
  const content = Buffer.from(JSON.stringify(orderConfirmed()));
  return { content, properties: { messageId: 'one', headers: { attempt } } } as unknown as ConsumeMessage;
}

const goesTo = (attempt: number) => queues.retry(failed(attempt))?.routingKey;

/** Enough that a queue of four is missed once in a number of runs that nobody makes. */
const draws = [...Array(300).keys()];

describe('the wait of a message that failed', () => {
  it.each([
    [1, [250, 500, 750, 1_000]],
    [2, [1_000, 2_000, 3_000, 4_000]],
  ])(
    'after attempt %i is any of %j ms, so that what failed together does not come back together',
    (attempt, waitsMs) => {
      const drawn = new Set(draws.map(() => goesTo(attempt)));
      expect(drawn).toEqual(new Set(waitsMs.map((delayMs) => `mailer.listener.retry.${delayMs}ms`)));
    },
  );

  it('ends with the last attempt', () => {
    expect(goesTo(3)).toBeUndefined();
  });

  it('has a queue whose every message waits as long, and none overtakes or blocks another', async () => {
    const declared = new Map<string, unknown>();
    const assertQueue = async (queue: string, options: { arguments: object }) => declared.set(queue, options.arguments);
    await queues.declare({ assertQueue } as unknown as Channel);
    for (const attempt of [1, 2])
      for (const queue of new Set(draws.map(() => goesTo(attempt) ?? ''))) {
        const [, delayMs] = /retry\.(\d+)ms$/.exec(queue) ?? [];
        expect(declared.get(queue)).toMatchObject({ 'x-message-ttl': Number(delayMs) });
      }
    expect(declared.size).toBe(2 + 7);
  });
});
