import type { Channel, ConsumeMessage } from 'amqplib';

const idleMs = 2_000;

/**
 * Takes all messages that are ready in a queue now, unacknowledged. All, because what goes back to a quorum queue is put behind
 * what went back before: somebody who takes a part changes the order. And by a consumer, because a queue with a single active
 * consumer answers no `get`. Whoever else consumes the queue may have some of them, so it also ends when nothing comes any more.
 */
export async function takeReady(channel: Channel, queue: string): Promise<ConsumeMessage[]> {
  const { messageCount } = await channel.checkQueue(queue);
  if (messageCount === 0) return [];
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
        if (message && taken.length < messageCount && taken.push(message) === messageCount) resolve();
      })
      .catch(reject);
  }).finally(() => clearTimeout(timer));
  return taken;
}
