import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { home, root, run, StepFailed } from '../bootstrap.mjs';
import { unpackDebian } from './debian.mjs';

/** All that rehearsals keep. */
export const place = join(home, 'compose');
const tree = join(place, 'engine');
const data = join(place, 'data');
const log = join(home, 'logs', 'compose-engine.log');
const packages = [
  'docker.io',
  'docker-cli',
  'docker-buildx',
  'docker-compose',
  'ca-certificates',
  'iproute2',
  'iptables',
  'mount',
];
const lock = join(place, 'lock');
const lockedExitCode = 75;
const readyWithinMs = 60_000;
const gracefulEndMs = 20_000;
const killedEndMs = 5_000;

/**
 * Docker Engine and Compose of Debian 13 in namespaces of their own. Its network has a way out, through slirp4netns, and nobody
 * has a way in but by `inItsNetwork`: ports that a container publishes are free whatever runs on this machine.
 */
export class Machine {
  #processes = [];
  #pid;

  static async start(progress) {
    if (!existsSync(join(tree, 'complete')))
      await progress.step('Debian 13 with Docker Engine, unpacked', async () => {
        rmSync(tree, { recursive: true, force: true });
        mkdirSync(place, { recursive: true });
        await unpackDebian('trixie', tree, { variant: 'essential', packages }, 'compose-engine-unpack');
        writeFileSync(join(tree, 'complete'), '');
      });
    const machine = new Machine();
    try {
      await progress.step('Docker Engine', () => machine.#start());
      return machine;
    } catch (error) {
      await machine.end();
      throw error;
    }
  }

  /** A command of the machine, as `spawn` takes it. */
  command(...args) {
    const namespaces = ['--target', String(this.#pid), '--mount', '--pid', '--net'];
    return ['nsenter', [...namespaces, '--', ...args]];
  }

  /** A command of this machine in the network of that one. */
  inItsNetwork(...args) {
    return ['nsenter', ['--target', String(this.#pid), '--net', '--', ...args]];
  }

  /** What a command of the machine says. */
  async output(...args) {
    const { stdout } = await promisify(execFile)(...this.command(...args), { maxBuffer: 2 ** 28, encoding: 'utf8' });
    return stdout.trim();
  }

  /** Ends what still runs there, and waits until nothing does. */
  async end() {
    if (isThere(this.#pid)) process.kill(this.#pid, 'SIGTERM');
    for (const waitMs of [gracefulEndMs, killedEndMs]) {
      for (const endsAt = Date.now() + waitMs; isThere(this.#pid) && Date.now() < endsAt;) await delay(100);
      for (const child of this.#processes) child.kill('SIGKILL');
    }
    if (this.#pid !== undefined) removeControlGroups();
  }

  async #start() {
    mkdirSync(data, { recursive: true });
    const script = fileURLToPath(new URL('machine.sh', import.meta.url));
    const inside = ['unshare', '--mount', '--pid', '--net', '--fork', '--kill-child', 'sh', script, tree, data, root];
    const engine = this.#launch('flock', [
      '--nonblock',
      '--no-fork',
      `--conflict-exit-code=${lockedExitCode}`,
      lock,
      ...inside,
    ]);
    const endsAt = Date.now() + readyWithinMs;
    for (;;) {
      const problem = await this.#problem(engine);
      if (problem === undefined) break;
      if (engine.exitCode === lockedExitCode) throw new StepFailed('A rehearsal of this clone runs already.');
      if (engine.exitCode !== null || Date.now() > endsAt)
        throw new StepFailed(`Docker Engine did not come up: ${problem}; see ${log}`);
      await delay(200);
    }
    this.#launch('slirp4netns', ['--configure', '--mtu=65520', '--disable-host-loopback', String(this.#pid), 'tap0']);
    while (!(await this.output('ip', 'route')).includes('default')) {
      if (Date.now() > endsAt) throw new StepFailed(`The engine has no network; see ${log}`);
      await delay(100);
    }
  }

  /** Why the engine does not answer yet. */
  async #problem(engine) {
    this.#pid ??= onlyChildOf(engine.pid);
    if (this.#pid === undefined) return 'it has not begun';
    try {
      await this.output('docker', 'version');
      return undefined;
    } catch (error) {
      return error.message.trim().split('\n').at(-1);
    }
  }

  #launch(command, args) {
    mkdirSync(join(home, 'logs'), { recursive: true });
    const output = openSync(log, this.#processes.length === 0 ? 'w' : 'a');
    // It dies with this process, and with the first process of a namespace the kernel ends all others.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      detached: true, // Ctrl-C is for the rehearsal, which takes the system down first.
      stdio: ['ignore', output, output],
    });
    this.#processes.push(child);
    return child;
  }
}

/** Removes all that rehearsals keep, unless one is under way. */
export async function removePlace() {
  if (existsSync(place)) await run('flock', ['--nonblock', '--verbose', lock, 'rm', '-rf', place], 'compose-clean');
}

function onlyChildOf(pid) {
  if (!isThere(pid)) return undefined;
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return child ? Number(child) : undefined;
}

function isThere(pid) {
  return pid !== undefined && existsSync(`/proc/${pid}`);
}

/** The kernel keeps an empty directory for each group whose processes were killed. */
function removeControlGroups() {
  const mounted = '/sys/fs/cgroup';
  for (const controller of ['.', ...readdirSync(mounted)])
    removeGroup(join(mounted, controller, 'quadrille-rehearsal'));
}

function removeGroup(directory) {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(directory, entry.name));
  rmdirSync(directory);
}
