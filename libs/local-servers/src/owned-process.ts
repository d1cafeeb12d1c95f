import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, isRunning, type ProcessIdentity, processTree, signalProcess } from './process-table.js';

export interface OwnedProcessOptions {
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** The signal that asks this program to end in good order: SIGTERM unless said otherwise. */
  readonly stopSignal?: NodeJS.Signals;
  /** Only root may run a process as somebody else. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process that cannot outlive this one. */
export interface OwnedProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process has ended, whoever ended it. */
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** Sends the signal to the process and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Stops the process and its children where they stand (SIGSTOP), and lets them run on (SIGCONT). */
  freeze(): void;
  thaw(): void;
  /**
   * Asks the process to end, and after `graceMs` ends it and its children with SIGKILL. Resolves when none of them is left.
   * A grace of 0 does not ask.
   */
  stop(options?: { readonly graceMs?: number }): Promise<Exit>;
}

/**
 * Starts a child process in a group of its own, so that Ctrl-C in a terminal reaches its owner alone. A watchdog ends the
 * group when this process is gone, however it went: it waits for the end of a pipe that only this process holds open.
 */
export function startOwnedProcess(options: OwnedProcessOptions): Promise<OwnedProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(options.command, options.args ?? [], {
    detached: true,
    stdio: ['ignore', log, log],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...options.user,
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`${options.command} could not be started.`, { cause })));
    child.once('spawn', () => resolve(own(child, options)));
  });
}

function own(child: ChildProcess, { logFile, stopSignal = 'SIGTERM' }: OwnedProcessOptions): OwnedProcess {
  const pid = Number(child.pid);
  const identity = identityOf(pid) ?? { pid, began: 'gone' };
  const watchdog = watch(pid, stopSignal);
  const exited = new Promise<Exit>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve({ code: child.exitCode, signal: child.signalCode });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  void exited.then(() => watchdog.kill('SIGKILL'));

  const everyone = (signal: NodeJS.Signals) => processTree(pid).forEach((member) => signalProcess(member, signal));
  return {
    pid,
    logFile,
    exited,
    get running() {
      return isRunning(identity);
    },
    signal: (signal) => void signalProcess(identity, signal),
    freeze: () => everyone('SIGSTOP'),
    thaw: () => everyone('SIGCONT'),
    async stop({ graceMs = 20_000 } = {}) {
      const tree = isRunning(identity) ? processTree(pid) : [];
      if (graceMs > 0) signalProcess(identity, stopSignal);
      await endWithin(tree, graceMs);
      return exited;
    },
  };
}

/** Waits until the processes have ended by themselves, then ends those that have not. */
export async function endWithin(processes: readonly ProcessIdentity[], graceMs: number): Promise<void> {
  if (await allGone(processes, graceMs)) return;
  for (const process of processes) signalProcess(process, 'SIGKILL');
  if (!(await allGone(processes, 10_000))) {
    const left = processes.filter(isRunning).map(({ pid }) => pid);
    throw new Error(`Process ${left.join(', ')} is still there after SIGKILL.`);
  }
}

async function allGone(processes: readonly ProcessIdentity[], withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs;
  while (processes.some(isRunning)) {
    if (Date.now() > end) return false;
    await delay(20);
  }
  return true;
}

const watchdogScript = `
trap '' HUP INT TERM
read -r _
kill -s "$2" -- "-$1" 2>/dev/null || exit 0
kill -s CONT -- "-$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
  kill -s 0 -- "-$1" 2>/dev/null || exit 0
  sleep 1
done
kill -s KILL -- "-$1" 2>/dev/null
`;

function watch(group: number, stopSignal: NodeJS.Signals): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', watchdogScript, 'watchdog', String(group), stopSignal.replace('SIG', '')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'] },
  });
  watchdog.unref();
  const pipe = watchdog.stdin as unknown as { unref(): void; on(event: 'error', listener: () => void): void };
  pipe.unref();
  // The pipe breaks when the watchdog is ended with its process, which is nothing to report.
  pipe.on('error', () => undefined);
  return watchdog;
}
