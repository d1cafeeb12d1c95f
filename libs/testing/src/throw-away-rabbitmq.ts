import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ThrowAwayRabbitMq {
  /** AMQP, with the administrator's credentials. */
  readonly url: string;
  /** Runs `rabbitmqctl` for this broker and answers with what it printed. */
  ctl(...args: readonly string[]): Promise<string>;
  end(): Promise<void>;
}

/** A RabbitMQ for one suite alone, which may do to it what would disturb others. */
export async function throwAwayRabbitMq(): Promise<ThrowAwayRabbitMq> {
  // Read when it is needed, as in Jest's global setup: most users of this library start no server.
  const { startRabbitMq } = await import('@quadrille/local-servers');
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-test-'));
  const server = await startRabbitMq({ directory: join(directory, 'rabbitmq') });
  return {
    url: server.url,
    ctl: (...args) => server.ctl(...args),
    async end() {
      await server.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
