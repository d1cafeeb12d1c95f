import { lastLines, startOwnedProcess } from '@quadrille/local-servers';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RunningPart } from './part.js';
import type { ProcessName } from './service-environment.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Longer than a service takes to end by itself when it cannot stop in order. */
const stopGraceMs = 30_000;

export interface ServiceProcessOptions {
  readonly name: ProcessName;
  /** The file to run: the service's bundle when none is given. */
  readonly program?: string | undefined;
  readonly url: string;
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly readyWithinMs: number;
}

/** Starts one replica of a service as a child process, and resolves when it is ready. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<RunningPart> {
  const { name, url, logFile, environment, readyWithinMs } = options;
  const program = options.program ?? join(root, 'dist', name, 'main.mjs');
  const child = await startOwnedProcess({
    command: process.execPath,
    args: [program],
    cwd: root,
    env: { ...inherited(), ...environment },
    logFile,
  });
  let ended = false;
  void child.exited.then(() => (ended = true));
  const end = Date.now() + readyWithinMs;
  while (!(await isReady(url))) {
    if (ended || Date.now() > end) {
      const what = ended ? 'ended instead of becoming ready' : `was not ready within ${readyWithinMs / 1000} s`;
      await child.stop({ graceMs: 0 });
      throw new Error(`${name} ${what}; its log ${logFile} ends so:\n${lastLines(logFile)}`);
    }
    await delay(100);
  }
  return {
    pid: child.pid,
    exited: child.exited,
    stop: () => child.stop({ graceMs: stopGraceMs }),
    async kill(signal) {
      if (signal === 'SIGKILL') await child.stop({ graceMs: 0 });
      else child.signal(signal);
    },
    freeze: () => child.freeze(),
    thaw: () => child.thaw(),
  };
}

/** Each start of the cluster has logs of its own; those of the start before are kept beside them. */
export function rotateLog(logFile: string): void {
  if (existsSync(logFile)) renameSync(logFile, logFile.replace(/\.log$/, '.previous.log'));
}

/** The surroundings of a service are what it is given here and nothing that happens to be set in a shell. */
function inherited(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'TZ', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false; // Not listening yet; the caller knows for how long to ask.
  }
}
