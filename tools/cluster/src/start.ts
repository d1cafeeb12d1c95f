import { DirectoryInUse, ensureRabbitMqInstalled, lockDirectory } from '@quadrille/local-servers';
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cluster } from './cluster.js';
import { demonstrate } from './demonstration/demonstrate.js';
import type { PublicApiOptions } from './demonstration/public-api.js';
import type { Narrator } from './narrator.js';
import { removeServerData } from './server-parts.js';
import type { ProcessName } from './service-environment.js';

export interface StartOptions {
  /** End after the demonstration. */
  readonly once: boolean;
  /** Begin with empty data; refused where servers are given. */
  readonly reset: boolean;
}

/** All that this clone keeps on this machine; Git ignores it. */
const ownHome = fileURLToPath(new URL('../../../.quadrille', import.meta.url));
const ports: Record<ProcessName, number> = { order: 3001, inventory: 3002, payment: 3003, 'payment-provider': 3004 };

/** What `npm start` does once everything is installed and built. Resolves with the exit code. */
export async function start({ once, reset }: StartOptions, narrator: Narrator, home = ownHome): Promise<number> {
  const stop = new StopRequest();
  try {
    const lock = lockDirectory(home);
    try {
      const cluster = await makeCluster(join(home, 'data'), reset, narrator);
      return await runCluster(cluster, once, narrator, stop);
    } finally {
      lock.release();
    }
  } catch (error) {
    narrator.line();
    narrator.line(
      error instanceof DirectoryInUse
        ? `This clone runs already, as process ${error.owner.pid}: stop that one first (Ctrl-C), or clone the repository once more.`
        : (error as Error).message,
    );
    return 1;
  }
}

async function makeCluster(directory: string, reset: boolean, narrator: Narrator): Promise<Cluster> {
  const { DATABASE_URL: postgresUrl, AMQP_URL: amqpUrl, BROKER_ADMIN_URL: brokerAdminUrl } = process.env;
  if (reset) {
    // Others may use them too. And what is kept here, passwords and keys, is what their data depend on.
    const given = [postgresUrl && 'DATABASE_URL', amqpUrl && 'AMQP_URL'].filter(Boolean).join(' and ');
    if (given)
      throw new Error(
        `--reset empties no server that is given: unset ${given}, or empty them yourself and then remove ${directory}.`,
      );
    await narrator.step('reset', async () => {
      await removeServerData(directory);
      rmSync(directory, { recursive: true, force: true });
    });
  }
  if (!amqpUrl) await ensureRabbitMqInstalled((title, work) => narrator.step(title, work));
  else if (!brokerAdminUrl) narrator.line('All services use AMQP_URL itself, since BROKER_ADMIN_URL is not set.');
  return new Cluster({
    directory,
    ports,
    servers: {
      postgresUrl: postgresUrl || undefined,
      amqpUrl: amqpUrl || undefined,
      brokerAdminUrl: brokerAdminUrl || undefined,
    },
    step: (title, work) => narrator.step(title, work),
    supervisor: (notice) => narrator.line(notice),
  });
}

async function runCluster(cluster: Cluster, once: boolean, narrator: Narrator, stop: StopRequest): Promise<number> {
  try {
    await stop.orElse(cluster.start());
    const asExpected = await stop.orElse(demonstrate(publicApiOf(cluster), narrator));
    if (once) return asExpected ? 0 : 1;
    sayWhereEverythingIs(cluster, narrator);
    await stop.requested;
    return 0;
  } catch (error) {
    if (error instanceof Stopped) return once ? 130 : 0;
    throw error;
  } finally {
    narrator.line();
    await narrator.step('stop', () => cluster.stop());
  }
}

function publicApiOf(cluster: Cluster): PublicApiOptions {
  return {
    orderUrl: cluster.service('order').url,
    inventoryUrl: cluster.service('inventory').url,
    adminToken: cluster.adminToken,
  };
}

function sayWhereEverythingIs(cluster: Cluster, narrator: Narrator): void {
  const order = cluster.service('order').url;
  narrator.line(`
  orders      ${order}/docs
  inventory   ${cluster.service('inventory').url}/docs
  payments    ${cluster.service('payment').url}/docs
  provider    ${cluster.service('payment-provider').url}/ledger
  PostgreSQL  ${Object.values(cluster.databaseUrls).join('\n              ')}
  RabbitMQ    ${cluster.brokerAdminUrl ?? cluster.amqpUrl}
  logs        ${relative(process.cwd(), cluster.logDirectory)}/
  admin token ${cluster.adminToken}

Place an order and see how it ends:

  curl -s -L '${order}/v1/orders' -H 'content-type: application/json' -H "idempotency-key: $(date +%s%N)" \\
    -d '{"customerId":"me","currency":"EUR","lines":[{"sku":"TEAPOT","quantity":1}],"paymentMethod":"pm_card_visa"}'
  curl -s '${order}/v1/orders?customerId=me'

Ctrl-C stops everything.`);
}

class Stopped extends Error {}

/** Ctrl-C, or a signal from whoever started this. */
class StopRequest {
  readonly requested: Promise<void>;

  constructor() {
    this.requested = new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    });
  }

  orElse<Value>(work: Promise<Value>): Promise<Value> {
    work.catch(() => undefined); // When the request comes first, the end of the work is nobody's matter any more.
    return Promise.race([
      work,
      this.requested.then(() => {
        throw new Stopped();
      }),
    ]);
  }
}
