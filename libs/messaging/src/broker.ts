import type { ChannelModel } from 'amqplib';
import { silentLogger, type Logger, type Registry } from '@quadrille/observability';
import { serverOf, type BrokerServer } from './broker-server.js';
import { ConfirmedChannel } from './confirmed-channel.js';
import { ConfirmedPublisher, type Sharing } from './confirmed-publisher.js';
import { BrokerConnection } from './connection.js';
import { Consumer, type ConsumerOptions } from './consumer.js';
import { DeadLetterWatch } from './dead-letter-watch.js';
import { brokerMetrics, type BrokerMetrics } from './metrics.js';
import { PartitionStream } from './partition-stream.js';

export interface BrokerOptions {
  readonly url: string;
  /** Shown by the broker's tools, with `publish` or `consume` behind it. */
  readonly name: string;
  readonly logger?: Logger | undefined;
  readonly registry?: Registry | undefined;
  /** How long a confirm may take until the publish is given up as unknown. */
  readonly confirmTimeoutMs?: number | undefined;
  readonly heartbeatSeconds?: number | undefined;
  /** Which events share messages; by default none do. */
  readonly sharing?: Sharing | undefined;
  /** How long `connect` tries to reach a broker that is not there yet. */
  readonly connectTimeoutMs?: number | undefined;
}

export interface OpenPartitionOptions {
  readonly service: string;
  readonly partition: number;
  readonly partitions: number;
  /** How many messages may be delivered and not acknowledged. */
  readonly prefetch?: number | undefined;
}

/**
 * A service's two connections to the broker: a broker in need blocks connections that publish, and consuming goes on beside.
 * Both come back by themselves whenever they are lost, for as long as it takes.
 */
export class Broker {
  readonly publisher: ConfirmedPublisher;
  /** Any message, with the same promises as the publisher's, but without its order. */
  readonly outgoing: ConfirmedChannel;
  readonly metrics: BrokerMetrics;
  private readonly logger: Logger;
  private readonly publishing: BrokerConnection;
  private readonly consuming: BrokerConnection;
  private readonly streams = new Set<PartitionStream>();
  private readonly watches: DeadLetterWatch[] = [];

  private constructor(options: BrokerOptions) {
    const {
      url,
      name,
      logger = silentLogger,
      registry,
      confirmTimeoutMs = 5_000,
      heartbeatSeconds = 5,
      sharing,
    } = options;
    const metrics = brokerMetrics(registry);
    const connection = (purpose: 'publish' | 'consume') =>
      new BrokerConnection({
        url,
        name: `${name} ${purpose}`,
        heartbeatSeconds,
        logger,
        reopened: () => metrics.reconnects.inc({ connection: purpose }),
      });
    this.logger = logger;
    this.metrics = metrics;
    this.publishing = connection('publish');
    this.consuming = connection('consume');
    this.outgoing = new ConfirmedChannel({ connection: this.publishing, confirmTimeoutMs, metrics, logger });
    this.publisher = new ConfirmedPublisher(this.outgoing, sharing);
  }

  /** Waits until both connections are there; rejects with the last error when they are not in time. */
  static async connect(options: BrokerOptions): Promise<Broker> {
    const { url, connectTimeoutMs = 30_000 } = options;
    const broker = new Broker(options);
    const { publishing, consuming, outgoing } = broker;
    if (await within(connectTimeoutMs, Promise.all([outgoing.ready(), consuming.ready()]))) return broker;
    const cause = publishing.lastError ?? consuming.lastError;
    await broker.close();
    throw new Error(
      `The broker at ${new URL(url).host} could not be reached within ${connectTimeoutMs} ms: ${cause?.message ?? 'no answer'}`,
      { cause },
    );
  }

  isUp(): { publishing: boolean; consuming: boolean; blocked: boolean } {
    return {
      publishing: this.outgoing.isUp,
      consuming: this.consuming.isUp,
      blocked: this.publishing.blocked !== undefined,
    };
  }

  /**
   * Consumes one partition until the stream is closed. Resolves when the consumer is subscribed, and after a second in any
   * case: a queue that is missing now is tried again and again.
   */
  async openPartition({
    service,
    partition,
    partitions,
    prefetch = 200,
  }: OpenPartitionOptions): Promise<PartitionStream> {
    const stream = new PartitionStream({
      connection: this.consuming,
      outgoing: this.outgoing,
      service,
      partition,
      partitions,
      prefetch,
      metrics: this.metrics,
      logger: this.logger,
      closed: () => this.streams.delete(stream),
    });
    this.streams.add(stream);
    await within(1_000, stream.subscribed());
    return stream;
  }

  /** Consumes any queue. Whoever asks for the consumer closes it, before the broker. */
  consume(options: Omit<ConsumerOptions, 'connection' | 'logger'>): Consumer {
    return new Consumer({ ...options, connection: this.consuming, logger: this.logger });
  }

  /** Measures how many messages lie in a dead-letter queue, until the broker is closed. */
  watchDeadLetters(queue: string, pauseMs = 15_000): void {
    const { metrics, logger } = this;
    this.watches.push(new DeadLetterWatch({ queue, pauseMs, metrics, logger, ask: (question) => this.ask(question) }));
  }

  /** Questions beside the streams. Whoever asks opens a channel for it and closes it again. Rejects while the broker is away. */
  async ask<Answer>(question: (model: ChannelModel) => Promise<Answer>): Promise<Answer> {
    if (!this.consuming.isUp) throw new Error('the broker is away');
    return question(await this.consuming.ready());
  }

  /** What answers at the other end. Rejects while the broker is away. */
  server(): Promise<BrokerServer> {
    return this.ask((model) => Promise.resolve(serverOf(model)));
  }

  /** Closes what is left open: streams first, then, when its confirms have come, the publishing channel, then the connections. */
  async close(): Promise<void> {
    for (const watch of this.watches) watch.stop();
    await Promise.all([...this.streams].map((stream) => stream.close()));
    this.publisher.flush();
    await this.outgoing.close();
    await Promise.all([this.publishing.close(), this.consuming.close()]);
  }
}

/** Whether `work` succeeded within the time; its failure is somebody else's to report. */
async function within(delayMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), delayMs)));
  const done = work.then(
    () => true,
    () => false,
  );
  const inTime = await Promise.race([done, elapsed]);
  clearTimeout(timer);
  return inTime;
}
