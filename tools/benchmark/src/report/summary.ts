import type { LimitResult } from '../parties/limit.js';
import type { Measurement, Round } from '../measurement.js';
import { type Part, type PartyName, parts, type SystemName } from '../parties/party.js';
import { percentile, ratiosPerRound, type Spread, spreadOf } from '../statistics.js';
import type { Counts } from '../measure/traffic.js';
import type { OpenFigures } from '../turn.js';

/** Ours as a part or a multiple of another's, in each round. */
export interface Ratio {
  readonly to: Exclude<PartyName, 'ours'>;
  readonly ordersPerSecond: Spread;
  /** How many times more CPU the other uses per order. */
  readonly cpu: Spread;
}

export interface PartySummary {
  readonly name: PartyName;
  readonly ordersPerSecond: Spread;
  readonly cpuMsPerOrder: Spread;
  /** By process; the provider and the generator are counted apart. */
  readonly cpu: Readonly<Partial<Record<Part | 'provider' | 'generator', Spread>>>;
  readonly memoryBytes?: Readonly<Record<Part, number>>;
  readonly counts?: Counts;
  /** The part of the machine that was busy with something else meanwhile. */
  readonly foreignShare?: Spread;
  readonly open: readonly RateSummary[];
}

export interface RateSummary {
  readonly ratePerSecond: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly cpuMsPerOrder: Spread;
  /** With what is counted apart. */
  readonly allMsPerOrder: Spread;
}

export interface LatencySummary {
  readonly share: number;
  readonly ratePerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerOrder: number;
  readonly accepted: number;
  readonly turnedAway: number;
  readonly settledAfterMs: number;
  readonly memoryBytes: Readonly<Record<Part, number>>;
}

export interface Summary {
  readonly ratios: readonly Ratio[];
  readonly parties: readonly PartySummary[];
  readonly latency: readonly LatencySummary[];
}

const others = ['limit', 'naive', 'polling', 'polling-tuned'] as const;

export function summarize({ rounds, latency }: Measurement): Summary {
  const figures = (party: PartyName) => rounds.map((round) => figuresOf(round, party));
  const speed = (party: PartyName) => figures(party).map((found) => found?.ordersPerSecond);
  const cpu = (party: PartyName) => figures(party).map((found) => found?.cpuMsPerOrder);
  return {
    ratios: others.flatMap((to) => {
      const faster = ratiosPerRound(speed('ours'), speed(to));
      const dearer = ratiosPerRound(cpu(to), cpu('ours'));
      return faster.length === 0 ? [] : [{ to, ordersPerSecond: spreadOf(faster), cpu: spreadOf(dearer) }];
    }),
    parties: (['ours', ...others] as const).flatMap((name) => partySummary(name, rounds) ?? []),
    latency: latency
      .map(({ share, figures: found }) => ({
        share,
        ...found,
        p50Ms: percentile(found.latenciesMs, 0.5),
        p99Ms: percentile(found.latenciesMs, 0.99),
      }))
      .map(withoutRaw),
  };
}

/** Thousands of single latencies say no more than their percentiles. */
function withoutRaw(point: LatencySummary): LatencySummary {
  const { share, ratePerSecond, p50Ms, p99Ms, cpuMsPerOrder, accepted, turnedAway, settledAfterMs, memoryBytes } =
    point;
  return { share, ratePerSecond, p50Ms, p99Ms, cpuMsPerOrder, accepted, turnedAway, settledAfterMs, memoryBytes };
}

function figuresOf({ limit, systems }: Round, party: PartyName) {
  if (party !== 'limit') return systems[party]?.closed;
  return limit && { ordersPerSecond: limit.ordersPerSecond, cpuMsPerOrder: limit.databaseCpuMsPerOrder };
}

function partySummary(name: PartyName, rounds: readonly Round[]): PartySummary | undefined {
  const found = rounds.flatMap((round) => figuresOf(round, name) ?? []);
  if (found.length === 0) return undefined;
  const base = {
    name,
    ordersPerSecond: spreadOf(found.map(({ ordersPerSecond }) => ordersPerSecond)),
    cpuMsPerOrder: spreadOf(found.map(({ cpuMsPerOrder }) => cpuMsPerOrder)),
  };
  return name === 'limit' ? { ...base, ...limitParts(rounds) } : { ...base, ...systemParts(name, rounds) };
}

function limitParts(rounds: readonly Round[]) {
  const limits: LimitResult[] = rounds.flatMap(({ limit }) => limit ?? []);
  return { cpu: { database: spreadOf(limits.map((limit) => limit.databaseCpuMsPerOrder)) }, open: [] };
}

function systemParts(name: SystemName, rounds: readonly Round[]) {
  const found = rounds.flatMap(({ systems }) => systems[name] ?? []);
  const closed = found.map((round) => round.closed);
  const named = [...parts, 'provider', 'generator'] as const;
  const cpu = Object.fromEntries(named.map((part) => [part, spreadOf(closed.map((figures) => figures.cpu[part]))]));
  const last = closed.at(-1);
  const counts = closed.flatMap((figures) => figures.counts ?? [])[0];
  const open = found.flatMap((round) => round.open);
  const rates = [...new Set(open.map(({ ratePerSecond }) => ratePerSecond))];
  return {
    cpu,
    ...(last && { memoryBytes: last.memoryBytes }),
    ...(counts && { counts }),
    foreignShare: spreadOf(closed.map((figures) => figures.foreignShare)),
    open: rates.map((rate) => rateSummary(open.filter(({ ratePerSecond }) => ratePerSecond === rate))),
  };
}

function rateSummary(figures: readonly OpenFigures[]): RateSummary {
  const at = (share: number) => spreadOf(figures.map(({ latenciesMs }) => percentile(latenciesMs, share)));
  return {
    ratePerSecond: figures[0]?.ratePerSecond ?? 0,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMsPerOrder: spreadOf(figures.map(({ cpuMsPerOrder }) => cpuMsPerOrder)),
    allMsPerOrder: spreadOf(figures.map(({ cpuMsPerOrder, cpu }) => cpuMsPerOrder + cpu.provider + cpu.generator)),
  };
}
