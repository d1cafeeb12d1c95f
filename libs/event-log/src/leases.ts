import type { Logger } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import type { LogSignal } from './log-signal.js';
import { Loop } from './loop.js';
import type { Lease } from './round-types.js';
import { rows } from './sql.js';

/** Who works on a partition while it is leased. */
export interface LeaseHolder {
  /** Begin. */
  acquired(lease: Lease): void;
  /** End gracefully; the lease is released when this resolves. */
  handOver(lease: Lease): Promise<void>;
  /** Somebody else may own the partition by now: drop everything, nothing will commit. */
  lost(lease: Lease): void;
}

export interface PartitionLeasesOptions {
  readonly dataSource: DataSource;
  readonly replicaId: string;
  readonly partitions: number;
  readonly leaseMs: number;
  readonly signal: LogSignal;
  readonly holder: LeaseHolder;
  readonly logger: Logger;
}

/**
 * Shares a service's partitions among its replicas, on the database's clock. Every acquisition raises the partition's
 * epoch, and every round checks the epoch, so that an owner who slept through his lease commits nothing.
 */
export class PartitionLeases {
  private readonly owned = new Map<number, Lease>();
  private readonly leaving = new Map<number, Promise<void>>();
  private readonly loop: Loop;
  private stopping = false;

  constructor(private readonly options: PartitionLeasesOptions) {
    const { leaseMs, logger, signal } = options;
    this.loop = new Loop({ name: 'leases', pauseMs: leaseMs / 3, logger, step: () => this.balance() });
    signal.on('leases', () => this.loop.wake());
  }

  start(): void {
    this.loop.start();
  }

  /** The partitions this replica works on now. */
  partitions(): readonly number[] {
    return [...this.owned.keys()].sort((a, b) => a - b);
  }

  leaseOf(partition: number): Lease | undefined {
    return this.owned.get(partition);
  }

  /** A round found the lease expired or taken: forget it, and take the partition again when it is free. */
  forget(lease: Lease): void {
    if (this.owned.get(lease.partition)?.epoch !== lease.epoch) return;
    this.owned.delete(lease.partition);
    this.loop.wake();
  }

  /** Hands every partition over at once and signs off. Leases stay renewed until their work has ended. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    const renewals = setInterval(() => void this.renew().catch(() => undefined), this.options.leaseMs / 3);
    try {
      // The last step may acquire more when the stop has begun.
      const rest = this.loop.stop().then(() => this.handOverAll());
      await Promise.all([this.handOverAll(), rest]);
    } finally {
      clearInterval(renewals);
    }
    await this.signOff().catch((error: unknown) => {
      this.options.logger.warn({ err: error }, 'this replica could not sign off; its heartbeat will expire');
    });
  }

  private async signOff(): Promise<void> {
    await rows(this.options.dataSource, 'delete from replica where id = $1', [this.options.replicaId]);
    this.options.signal.raise('leases');
  }

  private async balance(): Promise<void> {
    const replicas = await this.heartbeat();
    await this.renew();
    const share = shareOf(this.options.partitions, replicas, this.options.replicaId);
    const working = this.partitions().filter((partition) => !this.leaving.has(partition));
    for (const partition of working.slice(share)) {
      const lease = this.owned.get(partition);
      if (lease) this.handOver(lease);
    }
    if (working.length < share && !this.stopping) await this.acquire(share - this.owned.size);
  }

  /** Says that this replica lives, and answers with all that do: itself among them, however long that took. */
  private async heartbeat(): Promise<readonly string[]> {
    const { dataSource, replicaId, leaseMs } = this.options;
    const known = await rows<{ fresh: boolean }>(
      dataSource,
      `insert into replica (id, expires_at) values ($1, clock_timestamp() + $2 * interval '1 millisecond')
       on conflict (id) do update set expires_at = excluded.expires_at
       returning xmax = 0 as fresh`,
      [replicaId, leaseMs],
    );
    if (known[0]?.fresh) this.options.signal.raise('leases');
    await rows(dataSource, `delete from replica where expires_at < clock_timestamp() - interval '1 minute'`);
    const living = await rows<{ id: string }>(
      dataSource,
      'select id from replica where expires_at > clock_timestamp() or id = $1 order by id',
      [replicaId],
    );
    return living.map(({ id }) => id);
  }

  private async renew(): Promise<void> {
    const leases = [...this.owned.values()];
    if (leases.length === 0) return;
    const renewed = await rows<{ partition: number; epoch: string }>(
      this.options.dataSource,
      `update partition_lease set expires_at = clock_timestamp() + $2 * interval '1 millisecond'
       where owner = $1 and (partition, epoch) in (select * from unnest($3::int[], $4::bigint[]))
       returning partition, epoch`,
      [
        this.options.replicaId,
        this.options.leaseMs,
        leases.map(({ partition }) => partition),
        leases.map(({ epoch }) => epoch),
      ],
    );
    const kept = new Set(renewed.map(({ partition, epoch }) => `${partition}/${epoch}`));
    for (const lease of leases) {
      if (kept.has(`${lease.partition}/${lease.epoch}`) || this.owned.get(lease.partition) !== lease) continue;
      this.owned.delete(lease.partition);
      this.options.logger.warn({ lease }, 'a partition lease was lost');
      this.options.holder.lost(lease);
    }
  }

  /** Takes what is free, or expired, or still says this replica from before. An owner's running round is waited for by nobody: its row is locked and skipped. */
  private async acquire(wanted: number): Promise<void> {
    if (wanted <= 0) return;
    const { dataSource, replicaId, partitions, leaseMs, logger, holder } = this.options;
    await rows(
      dataSource,
      'insert into partition_lease (partition) select generate_series(0, $1 - 1) on conflict do nothing',
      [partitions],
    );
    const acquired = await rows<{ partition: number; epoch: string }>(
      dataSource,
      `update partition_lease set owner = $1, epoch = epoch + 1,
         expires_at = clock_timestamp() + $2 * interval '1 millisecond'
       where partition = any (array(
         select partition from partition_lease
         where partition < $3 and partition <> all ($4::int[])
           and (owner is null or owner = $1 or expires_at < clock_timestamp())
         order by partition limit $5 for update skip locked))
       returning partition, epoch`,
      [replicaId, leaseMs, partitions, [...this.owned.keys()], wanted],
    );
    for (const { partition, epoch } of acquired) {
      const lease: Lease = { partition, owner: replicaId, epoch: Number(epoch) };
      this.owned.set(partition, lease);
      logger.info({ lease }, 'partition acquired');
      holder.acquired(lease);
    }
  }

  private async handOverAll(): Promise<void> {
    for (const lease of this.owned.values()) this.handOver(lease);
    await Promise.all(this.leaving.values());
  }

  private handOver(lease: Lease): void {
    if (this.leaving.has(lease.partition)) return;
    const leaving = this.finish(lease)
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error, lease }, 'a partition was not released; its lease will expire');
      })
      .finally(() => this.leaving.delete(lease.partition));
    this.leaving.set(lease.partition, leaving);
  }

  private async finish(lease: Lease): Promise<void> {
    await this.options.holder.handOver(lease);
    if (this.owned.get(lease.partition) === lease) this.owned.delete(lease.partition);
    await rows(
      this.options.dataSource,
      'update partition_lease set owner = null, expires_at = null where partition = $1 and owner = $2 and epoch = $3',
      [lease.partition, lease.owner, lease.epoch],
    );
    this.options.logger.info({ lease }, 'partition handed over');
    this.options.signal.raise('leases');
  }
}

/** With 4 partitions and 3 replicas: 2, 1 and 1, by the order of their ids. Nobody starves while there is enough for all. */
export function shareOf(partitions: number, replicas: readonly string[], replicaId: string): number {
  const rank = replicas.indexOf(replicaId);
  if (rank < 0) return 0;
  return Math.floor(partitions / replicas.length) + (rank < partitions % replicas.length ? 1 : 0);
}
