import amqp from 'amqplib';
import { parseEvent, services } from '@quadrille/contracts';
import { partitionQueuesOf, unpack } from '@quadrille/messaging';
import type { WireEvent } from './evidence.js';

const queue = 'e2e.tap';

/**
 * A queue of its own on the exchange that gets a copy of everything, in the broker's order. It is read when the faults of a
 * run are over, so that none of them can make the tap itself lose or repeat a message.
 */
export class WireTap {
  private readonly events: WireEvent[] = [];

  private constructor(private readonly url: string) {}

  static async open(url: string): Promise<WireTap> {
    await withChannel(url, async (channel) => {
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      await channel.bindQueue(queue, 'quadrille.events', '#');
    });
    return new WireTap(url);
  }

  /** All that was on the wire until now, in order; garbage is left out. */
  async read(): Promise<readonly WireEvent[]> {
    await withChannel(this.url, async (channel) => {
      await drain(channel, queue, (message) => {
        for (const one of unpack(message)) {
          const parsed = parseEvent(one.message.content);
          if (parsed.kind === 'event') this.events.push(parsed.event);
        }
      });
      await channel.close();
    });
    return this.events;
  }

  /** Messages that wait in the services' queues, in a sentence for each queue: copies that nobody has looked at yet. */
  async waiting(): Promise<string[]> {
    const states = await Promise.all(services.map((service) => partitionQueuesOf(this.url, service)));
    return states
      .flat()
      .filter(({ ready }) => ready > 0)
      .map(({ queue, ready }) => `${ready} messages wait in ${queue}`);
  }
}

/** Takes what is in a queue now, in its order. */
export async function drain(
  channel: amqp.Channel,
  queue: string,
  take: (message: amqp.ConsumeMessage) => void,
): Promise<void> {
  const { messageCount } = await channel.checkQueue(queue);
  if (messageCount === 0) return;
  // A quorum queue hands out 2000 messages at most before it wants to see an acknowledgement.
  await channel.prefetch(500);
  await new Promise<void>((resolve, reject) => {
    let taken = 0;
    channel.on('close', () => reject(new Error(`the channel closed before ${queue} was read`)));
    channel
      .consume(queue, (message) => {
        if (!message || taken === messageCount) return;
        taken += 1;
        take(message);
        channel.ack(message);
        if (taken === messageCount) resolve();
      })
      .catch(reject);
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
