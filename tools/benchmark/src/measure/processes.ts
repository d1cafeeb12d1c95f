import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second (USER_HZ), on every machine that Node runs on. */
const msPerTick = 10;

interface Counted {
  readonly pid: number;
  readonly parent: number;
  /** Own time, and that of children that have ended and were waited for. */
  readonly cpuMs: number;
}

/** CPU milliseconds that each process and all its children, living and gone, have used so far. */
export function cpuMsOf<Name extends string>(roots: Readonly<Record<Name, number>>): Record<Name, number> {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => statOf(Number(pid)) ?? []);
  const childrenOf = new Map<number, Counted[]>();
  for (const process of all) childrenOf.set(process.parent, [...(childrenOf.get(process.parent) ?? []), process]);
  const cpuOfTree = (process: Counted): number =>
    (childrenOf.get(process.pid) ?? []).reduce((sum, child) => sum + cpuOfTree(child), process.cpuMs);
  const totals = Object.entries<number>(roots).map(([name, pid]) => {
    const root = all.find((process) => process.pid === pid);
    if (!root) throw new Error(`${name}, process ${pid}, has ended`);
    return [name, cpuOfTree(root)];
  });
  return Object.fromEntries(totals) as Record<Name, number>;
}

/** What one process has used by itself. */
export function ownCpuMs(pid: number): number {
  return statOf(pid)?.cpuMs ?? 0;
}

/** Memory in use by a process and its children; pages that they share count once. */
export function memoryBytesOf(pid: number): number {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => statOf(Number(name)) ?? [])
      .map((process) => [process.pid, process.parent]),
  );
  const isOf = (member: number): boolean => member === pid || (parents.has(member) && isOf(parents.get(member) ?? 0));
  return [...parents.keys()].filter(isOf).reduce((sum, member) => sum + proportionalBytes(member), 0);
}

function proportionalBytes(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // It ended while we read, or belongs to somebody else.
  }
}

function statOf(pid: number): Counted | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // It ended while we read.
  }
  return parseStat(pid, stat);
}

/** `pid (name) state parent ... utime stime cutime cstime`: the name may hold spaces and brackets (proc(5)). */
export function parseStat(pid: number, stat: string): Counted {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, parent: Number(fields[1]), cpuMs: ticks * msPerTick };
}
