import type { Channel, ConsumeMessage } from 'amqplib';
import type { Logger } from '@quadrille/observability';
import { closeGently, endOf, type BrokerConnection } from './connection.js';
import { unpack } from './event-messages.js';
import { Kept, type Opened } from './kept.js';
import { Unacknowledged } from './unacknowledged.js';

export interface ConsumerOptions {
  readonly connection: BrokerConnection;
  readonly queue: string;
  /** How many messages may be delivered and not acknowledged. */
  readonly prefetch: number;
  /** Declares what the consumer needs, each time before it subscribes. */
  readonly prepare?: (channel: Channel) => Promise<void>;
  readonly receive: (delivery: Delivery) => void;
  readonly logger: Logger;
}

/** One life of the consumer. */
interface Subscription {
  readonly channel: Channel;
  readonly unacknowledged: Unacknowledged;
  isOver: boolean;
}

/** One message, or one event of a batch as if it had come alone, tied to the channel it came on. */
export class Delivery {
  constructor(
    readonly subscription: Subscription,
    readonly message: ConsumeMessage,
    /** Of an event of a batch; others of the same batch may be for other queues. */
    readonly json?: unknown,
  ) {}

  get body(): Uint8Array {
    return this.message.content;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.message.properties.headers ?? {};
  }

  /** How often the broker has tried before: 0 at first. */
  get deliveryCount(): number {
    const count = this.headers['x-delivery-count'];
    return typeof count === 'number' ? count : 0;
  }

  /** Its channel is gone: it cannot be acknowledged any more, and comes again. */
  get isVoid(): boolean {
    return this.subscription.isOver;
  }
}

/**
 * Consumes a queue with manual acknowledgements. A lost connection, a closed channel and a cancelled consumer are all mended
 * alike: channel, prefetch and consumer are made anew as one, and everything not acknowledged comes again in its old order.
 */
export class Consumer {
  private readonly kept: Kept<Subscription>;

  constructor(private readonly options: ConsumerOptions) {
    this.kept = new Kept<Subscription>({
      name: `the consumer of ${options.queue}`,
      logger: options.logger,
      open: () => this.open(),
      close: ({ channel }) => closeGently(channel),
    });
  }

  /** Resolves once the consumer is subscribed; rejects when it is closed before. */
  async subscribed(): Promise<void> {
    await this.kept.ready();
  }

  /** Acknowledges with as few frames as possible, a batch with the last of its events. Void and settled messages are left alone. */
  acknowledge(deliveries: readonly Delivery[]): void {
    for (const subscription of new Set(deliveries.map((delivery) => delivery.subscription))) {
      const messages = deliveries
        .filter((delivery) => delivery.subscription === subscription)
        .map(({ message }) => message);
      try {
        for (const { message, allUpTo } of subscription.unacknowledged.settle(messages))
          subscription.channel.ack(message, allUpTo);
      } catch (error) {
        this.options.logger.debug(
          { err: error, queue: this.options.queue, messages: messages.length },
          'acknowledged on a channel that is gone: the messages will come again',
        );
      }
    }
  }

  /** Gives a message back to its queue, from where it comes again, a batch as a whole. One that is void or settled is left alone. */
  giveBack({ subscription, message }: Delivery): void {
    if (!subscription.unacknowledged.giveBack(message)) return;
    try {
      subscription.channel.nack(message, false, true);
    } catch (error) {
      this.options.logger.debug(
        { err: error, queue: this.options.queue },
        'the channel is gone: it comes again anyway',
      );
    }
  }

  /**
   * Closes the channel, behind all earlier acknowledgements; what was not acknowledged goes back to the queue in its old
   * order. The consumer is never cancelled before: the next owner would overtake what is buffered here.
   */
  close(): Promise<void> {
    return this.kept.close();
  }

  private async open(): Promise<Opened<Subscription>> {
    const { connection, queue, prefetch, prepare, receive } = this.options;
    const model = await connection.ready();
    const channel = await model.createChannel();
    const subscription: Subscription = { channel, unacknowledged: new Unacknowledged(), isOver: false };
    channel.on('close', () => (subscription.isOver = true));
    const closed = endOf(channel);
    try {
      // The first of these rejects when the channel ended before anybody could listen for it.
      await channel.prefetch(prefetch);
      await prepare?.(channel);
      let cancel!: (reason: string) => void;
      const cancelled = new Promise<string>((resolve) => (cancel = resolve));
      await channel.consume(
        queue,
        (message) => {
          if (!message) return cancel('the broker cancelled the consumer');
          const parts = unpack(message);
          subscription.unacknowledged.add(parts.map((part) => part.message));
          for (const part of parts) receive(new Delivery(subscription, part.message, part.json));
        },
        { noAck: false },
      );
      return { resource: subscription, ended: Promise.race([closed, cancelled]) };
    } catch (error) {
      await closeGently(channel);
      throw error;
    }
  }
}
