import { partitionOf } from '@quadrille/contracts';
import { failpoint } from '@quadrille/observability';
import type { ConfirmedChannel } from './confirmed-channel.js';
import { Consumer, Delivery, type ConsumerOptions } from './consumer.js';
import type { BrokerMetrics } from './metrics.js';
import { deadLetterRoutingKey, partitionQueue, serviceExchange } from './names.js';
import { setAsideCopy } from './set-aside-copy.js';

/** One message of a partition queue. */
export interface IncomingMessage {
  readonly body: Uint8Array;
  /** What the body says, where it has been read already. */
  readonly json?: unknown;
  /** How often the broker has tried before: 0 at first. */
  readonly deliveryCount: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface PartitionStreamOptions extends Pick<ConsumerOptions, 'connection' | 'prefetch' | 'logger'> {
  /** Where copies for the dead-letter queue are published. */
  readonly outgoing: ConfirmedChannel;
  readonly service: string;
  readonly partition: number;
  readonly partitions: number;
  readonly metrics: BrokerMetrics;
  readonly closed: () => void;
}

/** One partition's queue, in order. A reconnection voids what was taken and not acknowledged: it comes again. */
export class PartitionStream {
  private readonly consumer: Consumer;
  private buffer: Delivery[] = [];
  private readonly takers = new Set<() => void>();
  private isClosed = false;

  constructor(private readonly options: PartitionStreamOptions) {
    const { connection, prefetch, logger, service, partition, partitions } = options;
    const queue = partitionQueue(service, partition, partitions);
    this.consumer = new Consumer({
      connection,
      prefetch,
      logger,
      queue,
      receive: (delivery) => this.receive(delivery),
    });
  }

  /** Resolves once the consumer is subscribed; rejects when the stream is closed before. */
  subscribed(): Promise<void> {
    return this.consumer.subscribed();
  }

  /** Waits for at least one message; answers with up to `max` of those that are there, or with none once the stream is closed. */
  async take(max: number): Promise<readonly IncomingMessage[]> {
    while (!this.isClosed) {
      const ready = this.takeReady(max);
      if (ready.length > 0) return ready;
      await new Promise<void>((resolve) => this.takers.add(resolve));
    }
    return [];
  }

  /** Up to `max` of the messages that are there now. */
  takeReady(max: number): readonly IncomingMessage[] {
    this.buffer = this.buffer.filter(({ isVoid }) => !isVoid);
    return this.buffer.splice(0, max);
  }

  /** Acknowledges messages that were taken. A void message is left alone: it comes again. */
  acknowledge(messages: readonly IncomingMessage[]): void {
    this.consumer.acknowledge(messages.map(deliveryOf));
  }

  /**
   * Puts a copy into the service's dead-letter queue with the reason in its headers and acknowledges the original once the
   * copy is confirmed. Rejects with `PublishUnknown` when it is not, and then the message stays where it is.
   */
  async setAside(message: IncomingMessage, reason: string): Promise<void> {
    const { service, outgoing, metrics } = this.options;
    const { message: original, deliveryCount } = deliveryOf(message);
    const replayTo = { exchange: serviceExchange(service), routingKey: original.fields.routingKey };
    const deadLetters = { exchange: serviceExchange(service), routingKey: deadLetterRoutingKey };
    await failpoint('set-aside.publishing');
    await outgoing.send(setAsideCopy(original, deadLetters, replayTo, { reason, service, attempt: deliveryCount + 1 }));
    await failpoint('set-aside.published');
    metrics.setAside.inc({ service });
    this.acknowledge([message]);
    await failpoint('set-aside.acknowledged');
  }

  /** Gives the partition up: earlier acknowledgements arrive, and everything else is there for the next owner, in order. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.buffer = [];
    this.wakeTakers();
    await this.consumer.close();
    this.options.closed();
  }

  private receive(delivery: Delivery): void {
    if (this.isClosed) return;
    if (this.isElsewhere(delivery)) return this.consumer.acknowledge([delivery]);
    this.options.metrics.delivered.inc({ service: this.options.service });
    this.buffer.push(delivery);
    this.wakeTakers();
  }

  /** It came in a batch, which its own routing key has led to another queue of this service. */
  private isElsewhere({ message, json }: Delivery): boolean {
    if (json === undefined) return false;
    const { partition, partitions } = this.options;
    const [, slot] = /\.(\d+)$/.exec(message.fields.routingKey) ?? [];
    return slot !== undefined && partitionOf(Number(slot), partitions) !== partition;
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
