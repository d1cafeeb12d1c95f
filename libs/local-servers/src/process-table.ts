import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** A process and the moment it began: a number alone may belong to somebody else a moment later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly began: string;
}

/** The identity of a process that runs now; a zombie does not. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const [found] = running(pid);
  return found && { pid, began: found.began };
}

/** What Linux knows of a process (proc(5)); undefined when it has ended, perhaps after its number was listed. */
export function readProc(pid: number, file: 'comm' | 'cmdline' | 'stat'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** The program of a process and its arguments, with spaces between; undefined when there is no such process. */
export function commandLineOf(pid: number): string | undefined {
  return hasProc() ? readProc(pid, 'cmdline')?.replaceAll('\0', ' ') : commandLineFromPs(pid);
}

export function commandLineFromPs(pid: number): string | undefined {
  return ps('-ww', '-p', String(pid), '-o', 'command=');
}

export function isRunning(process: ProcessIdentity): boolean {
  return identityOf(process.pid)?.began === process.began;
}

/** A process with its children, their children and so on, parents first; empty when it has ended. */
export function processTree(pid: number): ProcessIdentity[] {
  const all = running();
  const tree = all.filter((process) => process.pid === pid);
  for (const parent of tree) tree.push(...all.filter((process) => process.parent === parent.pid));
  return tree.map(({ pid, began }) => ({ pid, began }));
}

/** Sends a signal to the process if it is still the same one. Answers whether it was. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(target)) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

interface RunningProcess extends ProcessIdentity {
  readonly parent: number;
}

function running(only?: number): RunningProcess[] {
  return hasProc() ? fromProc(only) : fromPs(only);
}

function hasProc(): boolean {
  return existsSync('/proc/self/stat');
}

/** All processes of a Linux system. */
export function listedInProc(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function fromProc(only?: number): RunningProcess[] {
  return (only === undefined ? listedInProc() : [only]).flatMap((pid) => {
    const stat = readProc(pid, 'stat');
    if (stat === undefined) return [];
    // `pid (name) state parent ... start`: the name may hold spaces and brackets, so count from the last one (proc(5)).
    const [state, parent, ...more] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return [];
    return [{ pid, parent: Number(parent), began: String(more[17]) }];
  });
}

function fromPs(only?: number): RunningProcess[] {
  const lines = ps(...(only === undefined ? ['-A'] : ['-p', String(only)]), '-o', 'pid=,ppid=,state=,lstart=');
  if (lines === undefined) return [];
  return lines
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => !state?.startsWith('Z'))
    .map(([pid, parent, , ...began]) => ({ pid: Number(pid), parent: Number(parent), began: began.join(' ') }));
}

/** What ps prints; undefined when it finds nobody. */
function ps(...args: readonly string[]): string | undefined {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined; // It fails when there is no such process.
  }
}
