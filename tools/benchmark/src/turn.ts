import { cpus } from 'node:os';
import { CommitWatch } from './load/commit-watch.js';
import { closedLoop } from './load/closed-loop.js';
import { openLoop, type OpenLoopResult } from './load/open-loop.js';
import { Shop } from './load/shop.js';
import { chargedMs, type CpuAccount, type Pids, perOrder, readCpu, readMemory } from './measure/account.js';
import { busyMs } from './measure/foreign.js';
import { type Counts, type Traffic } from './measure/traffic.js';
import type { Part, System } from './parties/party.js';

/** How often the end of orders is looked for: often where latency is measured, seldom where throughput is. */
const lookMs = { closed: 10, open: 2 };
/** Whatever is under way when the sending ends has so long to end. */
const patienceMs = 120_000;

export interface ClosedFigures {
  readonly ordersPerSecond: number;
  readonly cpuMsPerOrder: number;
  readonly cpu: CpuAccount;
  readonly memoryBytes: Readonly<Record<Part, number>>;
  /** The part of the machine that was busy with something else. */
  readonly foreignShare: number;
  readonly counts?: Counts;
}

interface Edge {
  readonly cpu: CpuAccount;
  readonly busyMs: number;
  readonly atMs: number;
}

export interface OpenFigures extends OpenLoopResult {
  readonly cpuMsPerOrder: number;
  readonly cpu: CpuAccount;
  readonly memoryBytes: Readonly<Record<Part, number>>;
}

/** One party's time on the machine, from its start until its books are checked. */
export class Turn {
  private constructor(
    private readonly system: System,
    private readonly pids: () => Pids,
    private readonly watch: CommitWatch,
    private readonly shop: Shop,
  ) {}

  static async begin(system: System, servers: Omit<Pids, 'order' | 'inventory' | 'payment'>): Promise<Turn> {
    try {
      await system.start();
      const watch = await CommitWatch.open(system.inventoryDatabaseUrl, lookMs.closed);
      return new Turn(system, () => ({ ...servers, ...system.pids() }), watch, new Shop(system.orderUrl, watch));
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  async closed(
    options: { readonly clients: number; readonly warmUpMs: number; readonly measureMs: number },
    traffic?: Traffic,
  ): Promise<ClosedFigures> {
    this.watch.pauseMs = lookMs.closed;
    const edges: Edge[] = [];
    const { ordersPerSecond, ended, failures } = await inTime(
      closedLoop({ ...options, shop: this.shop, atEdges: () => void edges.push(this.edge()) }),
      () => `${this.watch.open} orders of ${this.system.name} have not ended`,
    );
    refuse(failures, this.system);
    const cpu = between(edges, ended);
    const memoryBytes = readMemory(this.pids());
    const counts = await traffic?.perOrder(this.shop.promised.length);
    const foreignShare = foreignShareOf(edges, cpu, ended);
    return {
      ordersPerSecond,
      cpu,
      cpuMsPerOrder: chargedMs(cpu),
      memoryBytes,
      foreignShare,
      ...(counts && { counts }),
    };
  }

  async open(options: {
    readonly ratePerSecond: number;
    readonly warmUpMs: number;
    readonly measureMs: number;
  }): Promise<OpenFigures> {
    this.watch.pauseMs = lookMs.open;
    const edges: Edge[] = [];
    const result = await inTime(
      openLoop({ ...options, shop: this.shop, atEdges: () => void edges.push(this.edge()) }),
      () => `${this.watch.open} orders of ${this.system.name} have not ended`,
    );
    refuse(result.failures, this.system);
    // Not by those that were accepted: beyond the capacity, what is left behind would flatter the figure.
    const cpu = between(edges, result.ended);
    return { ...result, cpu, cpuMsPerOrder: chargedMs(cpu), memoryBytes: readMemory(this.pids()) };
  }

  get promised(): readonly string[] {
    return this.shop.promised;
  }

  async end(): Promise<void> {
    this.shop.close();
    await this.watch.close().finally(() => this.system.stop());
  }

  private edge(): Edge {
    const cpu = readCpu(this.pids(), [this.watch.backendPid]);
    return { cpu, busyMs: busyMs(), atMs: performance.now() };
  }
}

function between([before, after]: readonly Edge[], orders: number): CpuAccount {
  if (!before || !after || orders === 0) throw new Error('no order ended while it was measured');
  return perOrder(before.cpu, after.cpu, orders);
}

function foreignShareOf([before, after]: readonly Edge[], cpu: CpuAccount, orders: number): number {
  if (!before || !after) return 0;
  const knownMs = (chargedMs(cpu) + cpu.provider + cpu.generator) * orders;
  const wholeMs = (after.atMs - before.atMs) * cpus().length;
  return Math.max(0, (after.busyMs - before.busyMs - knownMs) / wholeMs);
}

function refuse(failures: readonly string[], { name }: System): void {
  if (failures.length > 0) throw new Error(`${failures.length} orders of ${name} failed, the first so: ${failures[0]}`);
}

async function inTime<Result>(work: Promise<Result>, why: () => string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${why()} in time`)), patienceMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
