import type { ChannelModel } from 'amqplib';
import { silentLogger, type Logger, type Registry } from '@quadrille/observability';
import { ConfirmedChannel } from './confirmed-channel.js';
import { ConfirmedPublisher } from './confirmed-publisher.js';
import { BrokerConnection } from './connection.js';
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
  private readonly streams = new Set<PartitionStream>();

  private constructor(
    private readonly publishing: BrokerConnection,
    private readonly consuming: BrokerConnection,
    private readonly outgoing: ConfirmedChannel,
    private readonly metrics: BrokerMetrics,
    private readonly logger: Logger,
  ) {
    this.publisher = new ConfirmedPublisher(outgoing);
  }

  /** Waits until both connections are there; rejects with the last error when they are not in time. */
  static async connect({
    url,
    name,
    logger = silentLogger,
    registry,
    confirmTimeoutMs = 5_000,
    heartbeatSeconds = 5,
    connectTimeoutMs = 30_000,
  }: BrokerOptions): Promise<Broker> {
    const metrics = brokerMetrics(registry);
    const connection = (purpose: 'publish' | 'consume') =>
      new BrokerConnection({
        url,
        name: `${name} ${purpose}`,
        heartbeatSeconds,
        logger,
        reopened: () => metrics.reconnects.inc({ connection: purpose }),
      });
    const publishing = connection('publish');
    const consuming = connection('consume');
    const outgoing = new ConfirmedChannel({ connection: publishing, confirmTimeoutMs, metrics, logger });
    const broker = new Broker(publishing, consuming, outgoing, metrics, logger);
    if (await within(connectTimeoutMs, Promise.all([publishing.ready(), consuming.ready()]))) return broker;
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
    prefetch = 250,
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

  /** For questions beside the streams. Whoever asks opens a channel of its own, and closes it again. */
  async ask<Answer>(question: (model: ChannelModel) => Promise<Answer>): Promise<Answer> {
    return question(await this.consuming.ready());
  }

  /** Closes what is left open: streams first, then, when its confirms have come, the publishing channel, then the connections. */
  async close(): Promise<void> {
    await Promise.all([...this.streams].map((stream) => stream.close()));
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
