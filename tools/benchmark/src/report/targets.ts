import { show } from '../figures.js';
import type { Part, PartyName } from '../parties/party.js';
import type { PartySummary, RateSummary, Summary } from './summary.js';

export interface Target {
  readonly what: string;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Undefined when it was not measured in this run. */
  readonly measured: number | undefined;
  /** What it allows, and what takes it, by the figures of this run. */
  readonly holds: string;
}

/** What this is meant to reach, all parties warmed alike and on the same servers, which share so many cores. */
export function targetsOf({ ratios, parties, latency }: Summary, cores: number): Target[] {
  const party = (wanted: PartyName) => parties.find(({ name }) => name === wanted);
  const ratio = (to: PartyName) => ratios.find((found) => found.to === to);
  const ours = party('ours');
  const at = (rate: number) => ours?.open.find(({ ratePerSecond }) => ratePerSecond === rate);
  const overload = latency.find(({ share }) => share > 1);
  const cheaper = (what: string, than: PartyName, times: number): Target => ({
    what: `CPU per order less than ${what}`,
    unit: 'times',
    atLeast: times,
    measured: ratio(than)?.cpu.median,
    holds: `it allows ${ms((party(than)?.cpuMsPerOrder.median ?? 0) / times)}; ${takenBy(ours)}`,
  });
  return [
    cheaper('(b)', 'naive', 7),
    cheaper('(c)', 'polling', 13),
    cheaper("(c')", 'polling-tuned', 8),
    {
      what: 'orders/s to (a)',
      unit: 'times',
      atLeast: 1,
      measured: ratio('limit')?.ordersPerSecond.median,
      holds: fullMachine(party('limit')?.ordersPerSecond.median ?? 0, allMsOf(ours), cores),
    },
    { what: 'CPU per order', unit: 'ms', atMost: 1.4, measured: ours?.cpuMsPerOrder.median, holds: takenBy(ours) },
    { what: 'p50 at 50/s', unit: 'ms', atMost: 12, measured: at(50)?.p50Ms.median, holds: atRate(at(50), cores) },
    { what: 'p99 at 50/s', unit: 'ms', atMost: 30, measured: at(50)?.p99Ms.median, holds: atRate(at(50), cores) },
    {
      what: 'CPU per order at 200/s',
      unit: 'ms',
      atMost: 6,
      measured: at(200)?.cpuMsPerOrder.median,
      holds: atRate(at(200), cores),
    },
    {
      what: 'accepted orders that ended at 120 % of capacity',
      unit: '%',
      atLeast: 100,
      // A turn in which one did not end has no result.
      measured: overload && 100,
      holds: '',
    },
  ];
}

function takenBy(party: PartySummary | undefined): string {
  const take = (...named: Part[]) => ms(named.reduce((sum, part) => sum + (party?.cpu[part]?.median ?? 0), 0));
  return `the database takes ${take('database')}, the broker ${take('broker')}, the services ${take('order', 'inventory', 'payment')}`;
}

function atRate(found: RateSummary | undefined, cores: number): string {
  return fullMachine(found?.ratePerSecond ?? 0, found?.allMsPerOrder.median ?? 0, cores);
}

function fullMachine(ordersPerSecond: number, takenMs: number, cores: number): string {
  const leftMs = (cores * 1000) / ordersPerSecond;
  return `${cores} cores have ${ms(leftMs)} for an order at ${show(ordersPerSecond)}/s; it takes ${ms(takenMs)}, provider and generator included`;
}

function allMsOf(party: PartySummary | undefined): number {
  return Object.values(party?.cpu ?? {}).reduce((sum, { median }) => sum + median, 0);
}

const ms = (value: number) => `${show(value)} ms`;

/** "met", or by what factor it is missed and what holds it. */
export function verdictOf({ atLeast, atMost, measured, holds }: Target): { verdict: string; holds: string } {
  if (measured === undefined) return { verdict: 'not measured', holds: '' };
  const missing = atLeast !== undefined ? atLeast / measured : measured / (atMost ?? Infinity);
  if (missing <= 1) return { verdict: 'met', holds: '' };
  return { verdict: `missed by a factor of ${missing.toFixed(2)}`, holds };
}
