import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { endWithin } from './owned-process.js';
import { listedInProc, processTree, readProc } from './process-table.js';

/** What the installation touches outside of this repository; a test gives places of its own. */
export interface PackageHost {
  /** Debian asks this program whether an installation may start services. */
  readonly policyFile: string;
  readonly run: (command: string, args: readonly string[]) => Promise<void>;
  /** The processes of an Erlang system: epmd and beam. */
  readonly erlangProcesses: () => readonly number[];
}

/**
 * Installs Debian's rabbitmq-server so that nothing of it runs afterwards: the package would start a broker on the default
 * port, and would do so again at every boot.
 */
export async function installRabbitMqPackage(host: PackageHost = thisMachine): Promise<void> {
  const before = new Set(host.erlangProcesses());
  const restore = forbidStartingServices(host.policyFile);
  try {
    await host.run('apt-get', ['update', '-q']);
    await host.run('apt-get', ['install', '-q', '-y', '--no-install-recommends', 'rabbitmq-server']);
  } finally {
    restore();
  }
  if (existsSync('/usr/bin/systemctl')) {
    await host.run('systemctl', ['disable', 'rabbitmq-server.service']);
  }
  for (const pid of host.erlangProcesses()) {
    if (!before.has(pid)) await endWithin(processTree(pid), 0);
  }
}

/** https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt: 101 means "not allowed". */
const forbidding = '#!/bin/sh\n# Put here by Quadrille while it installs rabbitmq-server.\nexit 101\n';

function forbidStartingServices(policyFile: string): () => void {
  const kept = `${policyFile}.before-quadrille`;
  const leftByAnInterruptedStart = existsSync(policyFile) && readFileSync(policyFile, 'utf8') === forbidding;
  if (existsSync(policyFile) && !leftByAnInterruptedStart) renameSync(policyFile, kept);
  writeFileSync(policyFile, forbidding);
  chmodSync(policyFile, 0o755);
  return () => (existsSync(kept) ? renameSync(kept, policyFile) : rmSync(policyFile, { force: true }));
}

const thisMachine: PackageHost = {
  policyFile: '/usr/sbin/policy-rc.d',
  async run(command, args) {
    try {
      await promisify(execFile)(
        command,
        ['-o', 'DPkg::Lock::Timeout=120', ...args].slice(command === 'apt-get' ? 0 : 2),
        {
          env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
          maxBuffer: 64 * 1024 * 1024,
        },
      );
    } catch (cause) {
      const { stderr, message } = cause as Error & { stderr?: string };
      const end = (stderr || message).trim().split('\n').slice(-3).join('\n');
      throw new Error(`\`${command} ${args.join(' ')}\` failed:\n${end}`, { cause });
    }
  },
  erlangProcesses: () =>
    listedInProc().filter((pid) => ['epmd', 'beam.smp'].includes(readProc(pid, 'comm')?.trim() ?? '')),
};
