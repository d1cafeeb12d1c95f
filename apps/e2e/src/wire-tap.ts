import amqp from 'amqplib';
import { parseEvent } from '@quadrille/contracts';
import type { WireEvent } from './evidence.js';

const queue = 'e2e.tap';

/**
 * A queue of its own on the exchange that gets a copy of everything, in the broker's order. It is read at the end, so that
 * no fault of the run can make the tap itself lose or repeat a message.
 */
export async function openTap(url: string): Promise<void> {
  await withChannel(url, async (channel) => {
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.bindQueue(queue, 'quadrille.events', '#');
  });
}

/** What the tap has, in order; garbage is left out. The tap stays as it is until `closeTap`. */
export async function readTap(url: string): Promise<WireEvent[]> {
  return withChannel(url, async (channel) => {
    const { messageCount } = await channel.checkQueue(queue);
    const events: WireEvent[] = [];
    if (messageCount === 0) return events;
    await new Promise<void>((resolve, reject) => {
      let seen = 0;
      channel.on('close', () => reject(new Error('the tap closed before it was read')));
      channel
        .consume(queue, (message) => {
          if (!message) return;
          seen += 1;
          const parsed = parseEvent(message.content);
          if (parsed.kind === 'event') events.push(parsed.event);
          if (seen === messageCount) resolve();
        })
        .catch(reject);
    });
    return events;
  });
}

async function withChannel<Result>(url: string, work: (channel: amqp.Channel) => Promise<Result>): Promise<Result> {
  const connection = await amqp.connect(url, { noDelay: true });
  connection.on('error', () => undefined); // Whatever is lost with it, the channel's next call tells.
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    return await work(channel);
  } finally {
    await connection.close();
  }
}
