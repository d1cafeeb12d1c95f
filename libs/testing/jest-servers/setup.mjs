import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const given = ['QUADRILLE_TEST_POSTGRES_URL', 'QUADRILLE_TEST_AMQP_URL', 'QUADRILLE_TEST_BROKER_ADMIN_URL'];

/**
 * Jest's global setup for projects whose suites need a database or a broker: the servers that the environment names, as
 * `npm test` does, or else private ones for this run alone.
 */
export default async function setup() {
  const missing = given.filter((name) => !process.env[name]);
  if (missing.length === 0) return;
  if (missing.length < given.length)
    throw new Error(`Set ${missing.join(' and ')} too, or none of ${given.join(', ')}.`);

  const { startPostgres, startRabbitMq } = await import('@quadrille/local-servers');
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-test-'));
  chmodSync(directory, 0o755); // Root's PostgreSQL runs as another user.
  const starting = [
    startPostgres({ directory: join(directory, 'postgres'), durable: false }),
    startRabbitMq({ directory: join(directory, 'rabbitmq') }),
  ];
  const outcomes = await Promise.allSettled(starting);
  const servers = outcomes.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  globalThis.quadrilleTestServers = { directory, servers };
  const failure = outcomes.find(({ status }) => status === 'rejected');
  if (failure) {
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
    throw failure.reason;
  }
  const [postgres, rabbitMq] = servers;
  process.env.QUADRILLE_TEST_POSTGRES_URL = postgres.url;
  process.env.QUADRILLE_TEST_AMQP_URL = rabbitMq.url;
  process.env.QUADRILLE_TEST_BROKER_ADMIN_URL = rabbitMq.adminUrl;
}
