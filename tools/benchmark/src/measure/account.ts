import { type Part, parts } from '../parties/party.js';
import { cpuMsOf, memoryBytesOf, ownCpuMs } from './processes.js';

export interface Pids extends Readonly<Record<Part, number>> {
  readonly provider: number;
}

/** CPU so far, by whom it is charged to. */
export interface CpuAccount extends Readonly<Record<Part, number>> {
  /** Counted apart: the company outside, and whoever measures (the generator and its connection in the database). */
  readonly provider: number;
  readonly generator: number;
}

/** `observerPids` are processes in the database that work for the benchmark alone. */
export function readCpu(pids: Pids, observerPids: readonly number[]): CpuAccount {
  const observed = observerPids.reduce((sum, pid) => sum + ownCpuMs(pid), 0);
  const { user, system } = process.cpuUsage();
  const counted = cpuMsOf({ ...pids });
  return { ...counted, database: counted.database - observed, generator: (user + system) / 1000 + observed };
}

export function perOrder(before: CpuAccount, after: CpuAccount, orders: number): CpuAccount {
  const names = [...parts, 'provider', 'generator'] as const;
  return Object.fromEntries(
    names.map((name) => [name, (after[name] - before[name]) / orders]),
  ) as unknown as CpuAccount;
}

/** What an order costs its party. */
export function chargedMs(cpu: CpuAccount): number {
  return parts.reduce((sum, part) => sum + cpu[part], 0);
}

export function readMemory(pids: Pids): Record<Part, number> {
  return Object.fromEntries(parts.map((part) => [part, memoryBytesOf(pids[part])])) as Record<Part, number>;
}
