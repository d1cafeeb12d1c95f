import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type BrokerPorts, type BrokerProcess, schedulers } from './broker-process.js';
import { lockDirectory } from './directory-lock.js';
import { freePort } from './free-port.js';
import { lastLines } from './last-lines.js';
import { endWithin, type Exit, startOwnedProcess } from './owned-process.js';
import type { LocalServer } from './postgres.js';
import { isRunning, type ProcessIdentity, processTree } from './process-table.js';
import { onceStarted } from './once-started.js';
import { removeContainerData, startContainer } from './rabbitmq-container.js';
import { ensureRabbitMqInstalled, type RabbitMqInstallation } from './rabbitmq-installation.js';

export interface LocalRabbitMqOptions {
  /** Everything the broker keeps lives here: a directory that holds data already is used again. */
  readonly directory: string;
  readonly nodeName?: string;
  /** Free ones if not given. */
  readonly port?: number | undefined;
  readonly managementPort?: number | undefined;
  /** What it is started from; what the machine has, if not given. */
  readonly installation?: RabbitMqInstallation | undefined;
}

export interface LocalRabbitMq extends LocalServer {
  /** The root of the management HTTP API, with the administrator's credentials. */
  readonly adminUrl: string;
  /**
   * Runs `rabbitmqctl` for this broker and answers with what it printed. Waits for the end of the broker's start, since it
   * takes connections before it obeys: by a second and more where the machine is busy.
   */
  ctl(...args: readonly string[]): Promise<string>;
}

/**
 * Starts a private RabbitMQ on 127.0.0.1, for this process alone: with its own node, ports, users and data, it neither finds
 * nor disturbs another broker on the machine, and it ends with its owner. Resolves when it takes connections and its
 * management API answers.
 */
export async function startRabbitMq(options: LocalRabbitMqOptions): Promise<LocalRabbitMq> {
  const installation = options.installation ?? (await ensureRabbitMqInstalled());
  const lock = lockDirectory(options.directory);
  try {
    await endLeftovers(options.directory);
    const password = passwordIn(options.directory);
    for (let attempt = 1; ; attempt++) {
      const ports = {
        amqp: options.port ?? (await freePort()),
        management: options.managementPort ?? (await freePort()),
      };
      const broker = await start(installation, options, ports, password);
      const adminUrl = `http://quadrille:${password}@127.0.0.1:${ports.management}`;
      try {
        await answers(broker, ports.amqp, adminUrl);
        const released = broker.exited.then(() => lock.release());
        return {
          url: `amqp://quadrille:${password}@127.0.0.1:${ports.amqp}/`,
          adminUrl,
          port: ports.amqp,
          pid: broker.pid,
          logFile: broker.logFile,
          exited: released,
          stop: () => broker.stop().then(() => released),
          kill: (signal) => broker.kill(signal).then(() => (signal === 'SIGKILL' ? released : undefined)),
          freeze: () => broker.freeze(),
          thaw: () => broker.thaw(),
          ctl: onceStarted(broker),
        };
      } catch (error) {
        await broker.kill('SIGKILL');
        const portWasTaken = options.port === undefined && saysPortIsTaken.test(lastLines(broker.logFile, 60));
        if (!portWasTaken || attempt === 3) throw error;
      }
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Erlang's words, then Docker's: of its own book of ports, and of the system's. */
const saysPortIsTaken = /eaddrinuse|port is already allocated|address already in use/;

/** Removes what `startRabbitMq` keeps for this directory, wherever it lies. */
export async function removeRabbitMqData(directory: string): Promise<void> {
  if (existsSync(join(directory, 'container'))) await removeContainerData(directory);
  rmSync(directory, { recursive: true, force: true });
}

function start(
  installation: RabbitMqInstallation,
  options: LocalRabbitMqOptions,
  ports: BrokerPorts,
  password: string,
): Promise<BrokerProcess> {
  return installation.kind === 'docker'
    ? startContainer(options.directory, ports, password)
    : startFromPackage(installation, options, ports, password);
}

async function startFromPackage(
  { launcher, epmd }: RabbitMqInstallation & { kind: 'package' },
  { directory, nodeName = 'quadrille' }: LocalRabbitMqOptions,
  ports: BrokerPorts,
  password: string,
): Promise<BrokerProcess> {
  const logFile = join(directory, 'log');
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  writeFileSync(join(directory, 'enabled_plugins'), '[rabbitmq_management].\n');
  writeFileSync(join(directory, 'rabbitmq.conf'), configuration(ports, password), { mode: 0o600 });
  const epmdPort = await freePort();
  const ours = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: home, LANG: 'C.UTF-8' };

  // Every Erlang node registers with epmd. The broker would start a daemon that stays behind, so it is given one of ours.
  const registry = await startOwnedProcess({
    command: epmd,
    args: ['-port', String(epmdPort), '-address', '127.0.0.1'],
    env: ours,
    logFile: join(directory, 'epmd.log'),
  });
  const names = {
    ...ours,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_NODENAME: `${nodeName}@localhost`,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  const node = await startOwnedProcess({
    command: launcher,
    cwd: directory,
    logFile,
    env: {
      ...names,
      // The launcher then becomes the broker instead of waiting beside it.
      RUNNING_UNDER_SYSTEMD: 'true',
      RABBITMQ_DIST_PORT: String(await freePort()),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} ${schedulers}`,
      RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
      RABBITMQ_LOG_BASE: join(directory, 'logs'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
      RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
      RABBITMQ_PID_FILE: join(directory, 'pid'),
    },
  });
  record(directory, [...processTree(registry.pid), ...processTree(node.pid)]);
  const exited: Promise<Exit> = node.exited.then(async (exit) => {
    await registry.stop({ graceMs: 0 });
    return exit;
  });
  return {
    pid: node.pid,
    logFile,
    exited,
    get running() {
      return node.running;
    },
    async stop() {
      await node.stop({ graceMs: 60_000 });
      await exited;
    },
    async kill(signal) {
      if (signal !== 'SIGKILL') return node.signal(signal);
      await node.stop({ graceMs: 0 });
      await exited;
    },
    freeze: () => node.freeze(),
    thaw: () => node.thaw(),
    async ctl(...args) {
      // The one beside the launcher: the one in PATH may be a wrapper that changes the user.
      const program = join(dirname(launcher), 'rabbitmqctl');
      const env = { ...names, RABBITMQ_CTL_ERL_ARGS: '-start_epmd false' };
      return (await promisify(execFile)(program, [...args], { env, timeout: 60_000 })).stdout;
    },
  };
}

function configuration(ports: BrokerPorts, password: string): string {
  return [
    `listeners.tcp.default = 127.0.0.1:${ports.amqp}`,
    `management.tcp.ip = 127.0.0.1`,
    `management.tcp.port = ${ports.management}`,
    `default_user = quadrille`,
    `default_pass = ${password}`,
    `log.console = true`,
    `log.console.level = info`,
    `log.file = false`,
    '',
  ].join('\n');
}

function passwordIn(directory: string): string {
  const file = join(directory, 'password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

const recordOf = (directory: string) => join(directory, 'processes.json');

function record(directory: string, processes: readonly ProcessIdentity[]): void {
  writeFileSync(recordOf(directory), JSON.stringify(processes));
}

/** Ends what a former owner left behind. The lock is ours, so nobody needs it. */
async function endLeftovers(directory: string): Promise<void> {
  if (!existsSync(recordOf(directory))) return;
  const processes = JSON.parse(readFileSync(recordOf(directory), 'utf8')) as ProcessIdentity[];
  await endWithin(
    processes.filter(isRunning).flatMap(({ pid }) => processTree(pid)),
    0,
  );
}

async function answers(broker: BrokerProcess, amqpPort: number, adminUrl: string): Promise<void> {
  const end = Date.now() + 180_000; // A slow machine takes a minute, one that must fetch the image longer.
  while (!((await accepts(amqpPort)) && (await managementAnswers(adminUrl)))) {
    if (!broker.running || Date.now() > end) {
      throw new Error(`RabbitMQ did not start; its log ${broker.logFile} ends so:\n${lastLines(broker.logFile)}`);
    }
    await delay(100);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function managementAnswers(adminUrl: string): Promise<boolean> {
  const { origin, username, password } = new URL(adminUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  try {
    return (await fetch(`${origin}/api/overview`, { headers: { authorization } })).ok;
  } catch {
    return false; // Not listening yet; the caller knows for how long to ask.
  }
}
