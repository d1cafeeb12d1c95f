import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nx, StepFailed } from './bootstrap.mjs';

const names = ['QUADRILLE_TEST_POSTGRES_URL', 'QUADRILLE_TEST_AMQP_URL', 'QUADRILLE_TEST_BROKER_ADMIN_URL'];

/** The servers all suites of one `npm test` share: those that the environment names, or throw-away ones of this run. */
export class TestServers {
  #directory;
  #servers = [];
  #ending = false;

  /** Builds what starts them. Nothing else may build meanwhile: one run of Nx takes away the files that another has just written. */
  async build(progress) {
    const missing = names.filter((name) => !process.env[name]);
    if (missing.length === 0) return;
    if (missing.length < names.length) throw new StepFailed(`Set ${missing.join(' and ')} too, or none of the three.`);
    await progress.step('build the local servers', () =>
      nx(['run', '@quadrille/local-servers:build'], 'build-servers'),
    );
  }

  /** Resolves with the variables that tell the suites where the servers are. */
  async start(progress) {
    if (process.env[names[0]]) return Object.fromEntries(names.map((name) => [name, process.env[name]]));

    const local = await import('../libs/local-servers/dist/index.js');
    await local
      .ensureRabbitMqInstalled((title, work) => progress.step(title, work))
      .catch((error) => {
        throw new StepFailed(error.message, { cause: error });
      });
    this.#directory = mkdtempSync(join(tmpdir(), 'quadrille-test-'));
    chmodSync(this.#directory, 0o755); // Root's PostgreSQL runs as another user.
    const place = (name) => ({ directory: join(this.#directory, name) });
    const [postgres, rabbitMq] = await Promise.all([
      this.#keep(
        progress.step('throw-away PostgreSQL', () => local.startPostgres({ ...place('postgres'), durable: false })),
      ),
      this.#keep(progress.step('throw-away RabbitMQ', () => local.startRabbitMq(place('rabbitmq')))),
    ]);
    return {
      QUADRILLE_TEST_POSTGRES_URL: postgres.url,
      QUADRILLE_TEST_AMQP_URL: rabbitMq.url,
      QUADRILLE_TEST_BROKER_ADMIN_URL: rabbitMq.adminUrl,
    };
  }

  /** Nobody needs their data, so they are not asked first. */
  async end() {
    this.#ending = true;
    await Promise.all(this.#servers.map((server) => server.kill('SIGKILL')));
    if (this.#directory) rmSync(this.#directory, { recursive: true, force: true });
  }

  async #keep(starting) {
    const server = await starting;
    if (this.#ending) await server.kill('SIGKILL');
    else this.#servers.push(server);
    return server;
  }
}
