import type { Channel, ConsumeMessage } from 'amqplib';
import type { Logger } from '@quadrille/observability';
import type { ConfirmedChannel } from './confirmed-channel.js';
import { closeGently, endOf, type BrokerConnection } from './connection.js';
import { Kept, type Opened } from './kept.js';
import type { BrokerMetrics } from './metrics.js';
import { deadLetterRoutingKey, partitionQueue, serviceExchange } from './names.js';
import { setAsideCopy } from './set-aside-copy.js';
import { Unacknowledged } from './unacknowledged.js';

/** One message of a partition queue. */
export interface IncomingMessage {
  readonly body: Uint8Array;
  /** How often the broker has tried before: 0 at first. */
  readonly deliveryCount: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

class Delivery implements IncomingMessage {
  constructor(
    readonly origin: Subscription,
    readonly message: ConsumeMessage,
  ) {}

  get body(): Uint8Array {
    return this.message.content;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.message.properties.headers ?? {};
  }

  get deliveryCount(): number {
    const count: unknown = this.headers['x-delivery-count'];
    return typeof count === 'number' ? count : 0;
  }
}

/** One life of the consumer: its messages are void when its channel is gone. */
interface Subscription {
  readonly channel: Channel;
  readonly unacknowledged: Unacknowledged;
}

export interface PartitionStreamOptions {
  readonly connection: BrokerConnection;
  /** Where copies for the dead-letter queue are published. */
  readonly outgoing: ConfirmedChannel;
  readonly service: string;
  readonly partition: number;
  readonly partitions: number;
  readonly prefetch: number;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
  readonly closed: () => void;
}

/**
 * One partition's queue, in order, with manual acknowledgements. A lost connection, a closed channel and a cancelled consumer
 * are all mended alike: channel, prefetch and consumer are made anew as one, what was buffered is dropped, and everything not
 * acknowledged comes again in its old order.
 */
export class PartitionStream {
  private readonly kept: Kept<Subscription>;
  private readonly queue: string;
  private buffer: Delivery[] = [];
  private readonly takers = new Set<() => void>();
  private isClosed = false;

  constructor(private readonly options: PartitionStreamOptions) {
    this.queue = partitionQueue(options.service, options.partition, options.partitions);
    this.kept = new Kept({
      name: `the consumer of ${this.queue}`,
      logger: options.logger,
      open: () => this.open(),
      close: ({ channel }) => closeGently(channel),
    });
  }

  /** Resolves once the consumer is subscribed; rejects when the stream is closed before. */
  async subscribed(): Promise<void> {
    await this.kept.ready();
  }

  /** Waits for at least one message; answers with up to `max` of those that are there, or with none once the stream is closed. */
  async take(max: number): Promise<readonly IncomingMessage[]> {
    while (this.buffer.length === 0 && !this.isClosed) await new Promise<void>((resolve) => this.takers.add(resolve));
    return this.buffer.splice(0, max);
  }

  /** Acknowledges messages that were taken. A void message is left alone: it comes again. */
  acknowledge(messages: readonly IncomingMessage[]): void {
    const deliveries = messages.map(deliveryOf);
    for (const origin of new Set(deliveries.map((delivery) => delivery.origin))) {
      const mine = deliveries.filter((delivery) => delivery.origin === origin).map(({ message }) => message);
      try {
        for (const { message, allUpTo } of origin.unacknowledged.settle(mine)) origin.channel.ack(message, allUpTo);
      } catch (error) {
        this.options.logger.debug(
          { err: error, queue: this.queue, messages: mine.length },
          'acknowledged on a channel that is gone: the messages will come again',
        );
      }
    }
  }

  /**
   * Puts a copy into the service's dead-letter queue with the reason in its headers and acknowledges the original once the
   * copy is confirmed. Rejects with `PublishUnknown` when it is not, and then the message stays where it is.
   */
  async setAside(message: IncomingMessage, reason: string): Promise<void> {
    const { service, outgoing, metrics } = this.options;
    const { message: original, deliveryCount } = deliveryOf(message);
    const origin = { exchange: serviceExchange(service), routingKey: original.fields.routingKey };
    const target = { exchange: origin.exchange, routingKey: deadLetterRoutingKey };
    await outgoing.send(setAsideCopy(original, target, origin, { reason, service, attempt: deliveryCount + 1 }));
    metrics.setAside.inc({ service });
    this.acknowledge([message]);
  }

  /**
   * Closes the channel, which sends all earlier acknowledgements first; what was not acknowledged goes back to the queue in
   * its old order. The consumer is never cancelled before: the next owner would overtake what is buffered here.
   */
  async close(): Promise<void> {
    this.isClosed = true;
    this.buffer = [];
    this.wakeTakers();
    await this.kept.close();
    this.options.closed();
  }

  private async open(): Promise<Opened<Subscription>> {
    const model = await this.options.connection.ready();
    const channel = await model.createChannel();
    const subscription = { channel, unacknowledged: new Unacknowledged() };
    const closed = endOf(channel);
    // Rejects when the channel ended before anybody could listen for it.
    await channel.prefetch(this.options.prefetch);
    let cancel!: (reason: string) => void;
    const cancelled = new Promise<string>((resolve) => (cancel = resolve));
    const onMessage = (message: ConsumeMessage | null) =>
      message ? this.receive(new Delivery(subscription, message)) : cancel('the broker cancelled the consumer');
    await channel.consume(this.queue, onMessage, { noAck: false });
    const ended = Promise.race([closed, cancelled]).then((reason) => {
      this.buffer = this.buffer.filter(({ origin }) => origin !== subscription);
      return reason;
    });
    return { resource: subscription, ended };
  }

  private receive(delivery: Delivery): void {
    if (this.isClosed) return;
    this.options.metrics.delivered.inc({ service: this.options.service });
    delivery.origin.unacknowledged.add(delivery.message);
    this.buffer.push(delivery);
    this.wakeTakers();
  }

  private wakeTakers(): void {
    const takers = [...this.takers];
    this.takers.clear();
    for (const wake of takers) wake();
  }
}

function deliveryOf(message: IncomingMessage): Delivery {
  if (message instanceof Delivery) return message;
  throw new TypeError('only messages that were taken from this stream can be settled on it');
}
