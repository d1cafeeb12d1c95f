import type { Channel, ConsumeMessage } from 'amqplib';

const idleMs = 2_000;
/** The highest that can be said. Where nothing is said, a consumer of a quorum queue is sent 2,000. */
const prefetchMax = 65_535;

export interface TakenReady {
  readonly messages: readonly ConsumeMessage[];
  /** Whether nothing is left behind them, and nobody else has any. */
  readonly areAll: boolean;
}

/**
 * Takes all messages that are ready in a queue now, unacknowledged. All, because what goes back to a quorum queue is put behind
 * what went back before: somebody who takes a part changes the order. And by a consumer, because a queue with a single active
 * consumer answers no `get`. Whoever else consumes the queue may have some of them, so it also ends when nothing comes any more.
 * Of more than the broker sends at once it takes the first.
 */
export async function takeReady(channel: Channel, queue: string): Promise<TakenReady> {
  const { messageCount, consumerCount } = await channel.checkQueue(queue);
  if (messageCount === 0) return { messages: [], areAll: consumerCount === 0 };
  const count = Math.min(messageCount, prefetchMax);
  await channel.prefetch(count);
  const taken: ConsumeMessage[] = [];
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    const waitOn = () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, idleMs);
    };
    waitOn();
    channel
      .consume(queue, (message) => {
        waitOn();
        // What arrives beyond stays unacknowledged and goes back with the channel's end.
        if (message && taken.length < count && taken.push(message) === count) resolve();
      })
      .catch(reject);
  }).finally(() => clearTimeout(timer));
  return { messages: [...taken], areAll: consumerCount === 0 && taken.length === messageCount };
}
