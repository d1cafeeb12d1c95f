import { show } from '../figures.js';
import { median } from '../statistics.js';
import type { Load, Stage, Throughput } from './stage.js';

/** What one experiment has shown: a table, and what it had to hold. */
export interface Finding {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly target: string;
  readonly found: string;
  readonly met: boolean;
}

export interface Conditions {
  readonly stage: Stage;
  readonly load: Load;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

export type Experiment = (conditions: Conditions, size: number) => Promise<Finding>;

export async function told(say: (line: string) => void, what: string, work: Promise<Throughput>): Promise<Throughput> {
  const throughput = await work;
  const provider = show(throughput.providerMsPerOrder);
  say(
    `  ${what.padEnd(20)} ${show(rate(throughput))}/s, ${show(cost(throughput))} ms of CPU per order, provider ${provider}`,
  );
  return throughput;
}

/** The head of the columns that `figures` fills. */
export const figuresHead = ['orders/s', 'CPU ms per order', 'apart: provider'];

export function figures(seen: readonly Throughput[]): [string, string, string] {
  const range = (values: number[]) =>
    `${show(median(values))} (${show(Math.min(...values))} to ${show(Math.max(...values))})`;
  return [
    range(seen.map(rate)),
    range(seen.map(cost)),
    range(seen.map(({ providerMsPerOrder }) => providerMsPerOrder)),
  ];
}

export function rate({ ordersPerSecond }: Throughput): number {
  return ordersPerSecond;
}

export function cost({ cpuMsPerOrder }: Throughput): number {
  return cpuMsPerOrder;
}
