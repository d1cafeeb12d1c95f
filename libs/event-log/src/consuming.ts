import { Gauge, Histogram, type Logger, type Registry } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import { ConsumingBrake } from './consuming-brake.js';
import type { MessageStream } from './deliveries.js';
import { DeliveryAttempts } from './delivery-attempts.js';
import { PartitionLeases, type LeaseHolder } from './leases.js';
import type { LogSignal } from './log-signal.js';
import { PartitionConsumer, type PartitionConsumerOptions } from './partition-consumer.js';
import type { Rounds } from './group-commit.js';
import type { Lease } from './round-types.js';
import { rows } from './sql.js';
import type { Timing } from './timing.js';

export interface ConsumingOptions {
  readonly dataSource: DataSource;
  readonly replicaId: string;
  readonly partitions: number;
  readonly rounds: Rounds;
  readonly deferrable: ReadonlySet<string>;
  readonly openStream: (partition: number) => Promise<MessageStream>;
  readonly signal: LogSignal;
  readonly timing: Timing;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** A consumer for each partition that is leased to this replica. */
export class Consuming implements LeaseHolder {
  readonly leases: PartitionLeases;
  private readonly consumers = new Map<number, PartitionConsumer>();
  private readonly away = new Map<PartitionConsumer, number>();
  private readonly dropping = new Set<Promise<void>>();
  private readonly brake: ConsumingBrake;
  private readonly parts: Omit<PartitionConsumerOptions, 'onDatabaseAway'>;

  constructor(options: ConsumingOptions) {
    const { dataSource, replicaId, partitions, rounds, deferrable, openStream, signal, timing, logger, registry } =
      options;
    this.leases = new PartitionLeases({
      dataSource,
      replicaId,
      partitions,
      leaseMs: timing.leaseMs,
      signal,
      holder: this,
      logger,
    });
    const { leases } = this;
    new Gauge({
      name: 'quadrille_owned_partitions',
      help: 'Partitions that this replica works on.',
      registers: [registry],
      collect() {
        this.set(leases.partitions().length);
      },
    });
    const retry = { attemptsMax: Infinity, firstDelayMs: timing.brakeMs, factor: 2, delayMaxMs: timing.brakeMaxMs };
    this.brake = new ConsumingBrake({ retry, logger, registry });
    this.parts = {
      rounds,
      deferrable,
      openStream,
      attempts: new DeliveryAttempts(dataSource),
      brake: this.brake,
      databaseAnswers: async () => void (await rows(dataSource, 'select 1')),
      onLeaseLost: (lease) => this.leases.forget(lease),
      batchSize: new Histogram({
        name: 'quadrille_consumer_batch_size',
        help: 'Messages of one partition that were handled together.',
        buckets: [1, 2, 5, 10, 20, 50, 100, 200],
        registers: [registry],
      }),
      logger,
      timing,
    };
  }

  get paused(): boolean {
    return this.brake.on;
  }

  /** How long the database has been away, in milliseconds; undefined while it is there. */
  get databaseAwayMs(): number | undefined {
    return this.away.size === 0 ? undefined : performance.now() - Math.min(...this.away.values());
  }

  start(): void {
    this.leases.start();
  }

  async stop(): Promise<void> {
    await this.leases.stop();
    await Promise.all(this.dropping);
  }

  acquired(lease: Lease): void {
    const before = this.consumers.get(lease.partition);
    if (before) this.drop(before);
    const consumer: PartitionConsumer = new PartitionConsumer(lease, {
      ...this.parts,
      onDatabaseAway: (since) => {
        if (since === undefined) this.away.delete(consumer);
        else this.away.set(consumer, since);
      },
    });
    this.consumers.set(lease.partition, consumer);
    consumer.start();
  }

  async handOver(lease: Lease): Promise<void> {
    const consumer = this.consumers.get(lease.partition);
    if (consumer?.lease !== lease) return;
    await consumer.stop();
    this.forget(consumer);
  }

  lost(lease: Lease): void {
    const consumer = this.consumers.get(lease.partition);
    if (consumer?.lease === lease) this.drop(consumer);
  }

  private drop(consumer: PartitionConsumer): void {
    this.forget(consumer);
    const dropped: Promise<void> = consumer.drop().finally(() => this.dropping.delete(dropped));
    this.dropping.add(dropped);
  }

  private forget(consumer: PartitionConsumer): void {
    this.away.delete(consumer);
    if (this.consumers.get(consumer.lease.partition) === consumer) this.consumers.delete(consumer.lease.partition);
  }
}
