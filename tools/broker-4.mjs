import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { home, nx, requireNode, run, StepFailed } from './bootstrap.mjs';
import { Progress } from './progress.mjs';

// `npm run test:broker-4`: the messaging suites against RabbitMQ 4.0. Debian 13's package and its Erlang are unpacked into a
// directory of this clone, without running any of their scripts, and started there in a chroot: nothing of the machine changes.
const place = join(home, 'broker-4');
const tree = join(place, 'tree');
const progress = new Progress();
const processes = [];
const packages = [
  'rabbitmq-server',
  // What the broker's launcher scripts call.
  ...['base-files', 'bash', 'coreutils', 'dash', 'debianutils', 'findutils', 'grep', 'hostname', 'libc-bin', 'mawk'],
  ...['procps', 'sed', 'util-linux'],
];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    end();
    process.exit(130);
  });

try {
  requireNode();
  if (process.getuid?.() !== 0) throw new StepFailed('A chroot needs root: sudo npm run test:broker-4');
  if (!existsSync(join(place, 'complete'))) await progress.step("Debian 13's rabbitmq-server, unpacked", unpack);
  const broker = await progress.step('RabbitMQ 4.0', start);
  await progress.step('the messaging suites', () =>
    nx(['run', '@quadrille/messaging:test', '--skip-nx-cache', '--output-style=static'], 'broker-4', { env: broker }),
  );
  console.log(`The messaging suites pass on RabbitMQ ${broker.version}.`);
} catch (error) {
  progress.line(error instanceof StepFailed ? error.message : error.stack);
  process.exitCode = 1;
} finally {
  end();
}

/** apt checks the signatures, with the keys of debian-archive-keyring. */
async function unpack() {
  if (!existsSync('/usr/bin/mmdebstrap')) {
    await run('apt-get', ['update', '-q'], 'broker-4-tool');
    const install = ['install', '-q', '-y', '--no-install-recommends', 'mmdebstrap', 'debian-archive-keyring'];
    await run('apt-get', install, 'broker-4-tool');
  }
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const mirror = process.env.DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';
  const keys = '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg';
  const what = ['--mode=root', '--variant=extract', `--include=${packages.join(',')}`];
  await run('mmdebstrap', [keys, ...what, 'trixie', tree, mirror], 'broker-4-unpack');
  writeFileSync(join(place, 'complete'), '');
}

/** Starts a broker with fresh data and resolves with the variables that tell the suites where it is. */
async function start() {
  const [amqp, management, registry, distribution] = await freePorts(4);
  const data = '/var/quadrille';
  rmSync(join(tree, data), { recursive: true, force: true });
  mkdirSync(join(tree, data), { recursive: true });
  mkdirSync(join(tree, 'tmp'), { recursive: true });
  writeFileSync(join(tree, 'etc/hosts'), '127.0.0.1 localhost\n');
  writeFileSync(join(tree, data, 'enabled_plugins'), '[rabbitmq_management].\n');
  const configuration = [
    `listeners.tcp.default = 127.0.0.1:${amqp}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${management}`,
    'log.console = true',
    'log.file = false',
    // There is no /proc in the tree to read them from.
    'total_memory_available_override_value = 2GB',
    'vm_memory_calculation_strategy = allocated',
  ];
  writeFileSync(join(tree, data, 'rabbitmq.conf'), `${configuration.join('\n')}\n`);
  const names = {
    PATH: '/usr/sbin:/usr/bin',
    HOME: data,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: registry,
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  launch('epmd', '/usr/bin/epmd', ['-port', registry, '-address', '127.0.0.1'], names);
  const library = '/usr/lib/rabbitmq/lib';
  const [version] = readdirSync(join(tree, library)).filter((name) => name.startsWith('rabbitmq_server-'));
  const broker = launch('broker', `${library}/${version}/sbin/rabbitmq-server`, [], {
    ...names,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_NODENAME: 'quadrille-4@localhost',
    RABBITMQ_DIST_PORT: distribution,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: `${data}/mnesia`,
    RABBITMQ_LOG_BASE: `${data}/logs`,
    RABBITMQ_LOGS: '-',
    RABBITMQ_ENABLED_PLUGINS_FILE: `${data}/enabled_plugins`,
    RABBITMQ_CONFIG_FILE: `${data}/rabbitmq.conf`,
    RABBITMQ_PID_FILE: `${data}/pid`,
  });
  return {
    version: await answers(`http://127.0.0.1:${management}`, broker),
    QUADRILLE_TEST_AMQP_URL: `amqp://guest:guest@127.0.0.1:${amqp}/`,
    QUADRILLE_TEST_BROKER_ADMIN_URL: `http://guest:guest@127.0.0.1:${management}`,
    // The messaging suites ask for no database.
    QUADRILLE_TEST_POSTGRES_URL: 'postgres://nowhere.invalid/none',
  };
}

function launch(name, command, args, env) {
  const log = openSync(join(place, `${name}.log`), 'w');
  const child = spawn('chroot', [tree, command, ...args.map(String)], {
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  processes.push(child);
  return child;
}

async function answers(adminUrl, broker) {
  const endsAt = Date.now() + 180_000;
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  for (;;) {
    const response = await fetch(`${adminUrl}/api/overview`, { headers: { authorization } }).catch(() => undefined);
    if (response?.ok) return (await response.json()).rabbitmq_version;
    if (broker.exitCode !== null || Date.now() > endsAt)
      throw new StepFailed(`The broker did not come up; see ${join(place, 'broker.log')}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Each leads a process group of its own. */
function end() {
  for (const { pid } of processes.splice(0))
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
