import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startOwnedProcess } from './owned-process.js';
import { type BrokerPorts, type BrokerProcess, schedulers } from './broker-process.js';

const docker = (...args: string[]) => promisify(execFile)('docker', args);

/**
 * RabbitMQ in one Docker container, for machines without the package. `docker run` stays in the foreground and hands signals
 * on, so the container ends with it, and with this process.
 */
export async function startContainer(directory: string, ports: BrokerPorts, password: string): Promise<BrokerProcess> {
  const name = containerName(directory);
  writeFileSync(join(directory, 'container'), name);
  await docker('rm', '--force', name).catch(() => undefined); // What a killed owner may have left; usually nothing.
  const client = await startOwnedProcess({
    command: 'docker',
    args: [
      ...['run', '--rm', '--name', name, '--hostname', 'quadrille'],
      ...['--publish', `127.0.0.1:${ports.amqp}:5672`, '--publish', `127.0.0.1:${ports.management}:15672`],
      ...['--env', 'RABBITMQ_DEFAULT_USER=quadrille', '--env', 'RABBITMQ_DEFAULT_PASS'],
      ...['--env', `RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=${schedulers}`],
      ...['--volume', `${name}:/var/lib/rabbitmq`, 'rabbitmq:4-management'],
    ],
    env: { ...process.env, RABBITMQ_DEFAULT_PASS: password },
    logFile: join(directory, 'log'),
  });
  // As a signal would: done when it returns, thrown when it cannot be done, and nothing where nobody runs.
  const pauseOrUnpause = (order: 'pause' | 'unpause') => {
    if (client.running) execFileSync('docker', [order, name], { stdio: 'pipe', timeout: 10_000 });
  };
  return {
    pid: client.pid,
    logFile: client.logFile,
    exited: client.exited,
    get running() {
      return client.running;
    },
    stop: () => client.stop({ graceMs: 60_000 }),
    async kill(signal) {
      const killing = docker('kill', '--signal', signal, name);
      if (signal !== 'SIGKILL') {
        await killing;
        return;
      }
      // Where there is no container yet, or none any more, its client is all that is left to end.
      await killing.catch(() => client.signal('SIGKILL'));
      await client.exited;
    },
    freeze: () => pauseOrUnpause('pause'),
    thaw: () => pauseOrUnpause('unpause'),
    ctl: async (...args) => (await docker('exec', name, 'rabbitmqctl', ...args)).stdout,
  };
}

/** Removes the container's data. */
export async function removeContainerData(directory: string): Promise<void> {
  await docker('volume', 'rm', '--force', containerName(directory));
}

/** One container and one volume for each directory. */
function containerName(directory: string): string {
  return `quadrille-rabbitmq-${createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 12)}`;
}
