import { type Cluster, type PerService, perService } from '@quadrille/cluster';
import { services, type ServiceName } from '@quadrille/contracts';
import { eventually } from '@quadrille/e2e/client';
import { rows, unsettled } from '@quadrille/e2e/evidence';
import { z } from 'zod';
import { closedLoop } from '../load/closed-loop.js';
import { CommitWatch } from '../load/commit-watch.js';
import { Shop, skus } from '../load/shop.js';
import { cpuMsOf, memoryBytesOf, ownCpuMs } from '../measure/processes.js';
import { supply } from '../parties/ours.js';

const database = z.object({ count: z.coerce.number() });

export interface Load {
  /** Orders under way. */
  readonly clients: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** What the orders take, in turn. */
  readonly wares?: readonly string[];
}

export interface Throughput {
  readonly ordersPerSecond: number;
  /** Of services, database and broker. */
  readonly cpuMsPerOrder: number;
  /** The provider's, which does the same for each order in every experiment: how quick the machine was. */
  readonly providerMsPerOrder: number;
  /** Of all that the replicas of a service did, the part of each, in percent of their CPU. */
  readonly shares: PerService<readonly number[]>;
}

/** Our services in one system, with as many of their replicas at work as an experiment wants. */
export class Stage {
  private atWork = 0;
  private supplied = false;

  constructor(readonly cluster: Cluster) {}

  /** Has so many replicas of each service at work, and each holding its part of the partitions. */
  async start(replicas: number): Promise<void> {
    await Promise.all(
      services.flatMap((name) =>
        this.cluster.service(name).replicas.map(({ part }, index) => (index < replicas ? part.start() : part.stop())),
      ),
    );
    this.atWork = replicas;
    await eventually('the partitions are shared', async () => {
      for (const name of services)
        if ((await this.count(name, ownersSql)) !== replicas) throw new Error(`${name} has not shared its partitions`);
      return true as const;
    });
    if (this.supplied) return;
    await supply(this.cluster);
    this.supplied = true;
  }

  async stop(): Promise<void> {
    await Promise.all(services.map((name) => this.cluster.service(name).stop()));
    this.atWork = 0;
  }

  /** Keeps orders under way at all replicas in turn, and counts those that end. */
  async closed({ wares = skus, ...load }: Load): Promise<Throughput> {
    const watch = await CommitWatch.open(this.cluster.databaseUrls.inventory, 10);
    const shop = this.shops(wares, watch);
    const edges: Record<string, number>[] = [];
    const { failures, ended, ordersPerSecond } = await closedLoop({
      ...load,
      shop,
      atEdges: () => void edges.push(this.cpuMs(watch)),
    }).finally(() => {
      shop.close();
      return watch.close();
    });
    if (failures.length > 0) throw new Error(`${failures.length} orders failed, the first so: ${failures[0]}`);
    const [before = {}, after = {}] = edges;
    const used = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    const charged = Object.keys(after).filter((name) => name !== 'provider');
    const sharesOf = (name: ServiceName) =>
      percentages(this.replicasOf(name).map((_, index) => used(`${name} ${index}`)));
    return {
      ordersPerSecond,
      cpuMsPerOrder: charged.reduce((sum, name) => sum + used(name), 0) / ended,
      providerMsPerOrder: used('provider') / ended,
      shares: perService(sharesOf),
    };
  }

  /** One door for orders, behind which the replicas take turns. */
  shops(wares: readonly string[], watch: Pick<CommitWatch, 'seen'>): Pick<Shop, 'place' | 'close'> {
    const shops = this.replicasOf('order').map(({ url }) => new Shop(url, watch, wares));
    let turn = 0;
    return {
      place: async () =>
        (await shops[turn++ % shops.length]?.place()) ?? { kind: 'failed', why: 'no replica of order is at work' },
      close: () => shops.forEach((shop) => shop.close()),
    };
  }

  /** Resolves when nothing is under way in any database. */
  async settled(): Promise<void> {
    await eventually('the dust has settled', async () => {
      const open = await unsettled(this.cluster.databaseUrls);
      if (open.length > 0) throw new Error(open.join('; '));
      return true as const;
    });
  }

  /** The one number that a statement answers with, as `count`. */
  async count(service: ServiceName, sql: string): Promise<number> {
    const [row] = await rows(this.cluster.databaseUrls[service], sql, database);
    return row?.count ?? 0;
  }

  /** Messages that the services have handled so far. */
  async handled(): Promise<number> {
    const counts = await Promise.all(services.map((name) => this.count(name, 'select count(*) from inbox')));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Orders that have not ended, counted up to `most`: whoever waits for few is not to read through many again and again. */
  pending(most: number): Promise<number> {
    const sql = `select from order_view where status = 'pending' limit ${most}`;
    return this.count('order', `select count(*) from (${sql}) open`);
  }

  async anEndedOrder(): Promise<string> {
    const sql = `select id from order_view where status = 'confirmed' order by id desc limit 1`;
    const [order] = await rows(this.cluster.databaseUrls.order, sql, z.object({ id: z.uuid() }));
    if (!order) throw new Error('no order has been confirmed');
    return order.id;
  }

  async databaseBytes(): Promise<number> {
    const sql = 'select pg_database_size(current_database()) as count';
    const sizes = await Promise.all(services.map((name) => this.count(name, sql)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  memoryBytes(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.pids()).map(([name, pid]) => [name, memoryBytesOf(pid)]));
  }

  private cpuMs(watch: CommitWatch): Record<string, number> {
    const provider = this.cluster.service('payment-provider').replicas[0]?.part.pid ?? 0;
    const all: Record<string, number> = cpuMsOf<string>({ ...this.pids(), provider });
    return { ...all, database: (all.database ?? 0) - ownCpuMs(watch.backendPid) };
  }

  private pids(): Record<string, number> {
    const replicas = services.flatMap((name) =>
      this.replicasOf(name).map(({ part }, index) => [`${name} ${index}`, part.pid ?? 0] as const),
    );
    const { postgres, rabbitMq } = this.cluster;
    return { ...Object.fromEntries(replicas), database: postgres.pid ?? 0, broker: rabbitMq.pid ?? 0 };
  }

  private replicasOf(name: ServiceName) {
    return this.cluster.service(name).replicas.slice(0, this.atWork);
  }
}

const ownersSql =
  'select count(distinct owner) from partition_lease where owner is not null and expires_at > clock_timestamp()';

function percentages(values: readonly number[]): number[] {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => Math.round((100 * value) / sum));
}
