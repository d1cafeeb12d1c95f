import type { PartyName } from '../parties/party.js';
import type { Summary } from './summary.js';

export interface Target {
  readonly what: string;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Undefined when it was not measured in this run. */
  readonly measured: number | undefined;
}

/** What this is meant to reach, all parties warmed alike and on the same servers. */
export function targetsOf({ ratios, parties, latency }: Summary): Target[] {
  const ratio = (to: PartyName) => ratios.find((found) => found.to === to);
  const ours = parties.find(({ name }) => name === 'ours');
  const at = (rate: number) => ours?.open.find(({ ratePerSecond }) => ratePerSecond === rate);
  const overload = latency.find(({ share }) => share > 1);
  return [
    { what: 'CPU per order less than (b)', unit: 'times', atLeast: 7, measured: ratio('naive')?.cpu.median },
    { what: 'CPU per order less than (c)', unit: 'times', atLeast: 13, measured: ratio('polling')?.cpu.median },
    { what: "CPU per order less than (c')", unit: 'times', atLeast: 8, measured: ratio('polling-tuned')?.cpu.median },
    { what: 'orders/s to (a)', unit: 'times', atLeast: 1, measured: ratio('limit')?.ordersPerSecond.median },
    { what: 'CPU per order', unit: 'ms', atMost: 1.4, measured: ours?.cpuMsPerOrder.median },
    { what: 'p50 at 50/s', unit: 'ms', atMost: 12, measured: at(50)?.p50Ms.median },
    { what: 'p99 at 50/s', unit: 'ms', atMost: 30, measured: at(50)?.p99Ms.median },
    { what: 'CPU per order at 200/s', unit: 'ms', atMost: 6, measured: at(200)?.cpuMsPerOrder.median },
    {
      what: 'accepted orders that ended at 120 % of capacity',
      unit: '%',
      atLeast: 100,
      // A turn in which one did not end has no result.
      measured: overload && 100,
    },
  ];
}

/** "met", or by what factor it is missed. */
export function verdictOf({ atLeast, atMost, measured }: Target): string {
  if (measured === undefined) return 'not measured';
  const missing = atLeast !== undefined ? atLeast / measured : measured / (atMost ?? Infinity);
  return missing <= 1 ? 'met' : `missed by a factor of ${missing.toFixed(2)}`;
}
