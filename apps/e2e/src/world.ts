import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, type Cluster, type ClusterOptions } from '@quadrille/cluster';
import { choreography as inventory } from '@quadrille/inventory/choreography';
import { choreography as order } from '@quadrille/order/choreography';
import { choreography as payment } from '@quadrille/payment/choreography';
import { throwAwayBroker } from '@quadrille/testing';
import { Client, eventually } from './client.js';
import { collectEvidence, unsettled, type Evidence } from './evidence.js';
import { violations, type PublicForms, type Violation } from './rules.js';
import { openTap, readTap } from './wire-tap.js';

export interface World {
  readonly cluster: Cluster;
  readonly client: Client;
  /** Waits until nothing is under way any more, then checks the seven rules over everybody's books. */
  broken(promised: readonly string[]): Promise<{ violations: Violation[]; evidence: Evidence }>;
  end(): Promise<void>;
}

export interface WorldOptions extends Pick<ClusterOptions, 'replicas' | 'environment'> {
  /** Servers of its own, that may be killed. Otherwise those of the test run are shared. */
  readonly ownServers?: boolean;
}

const forms: PublicForms = Object.fromEntries(
  [order, inventory, payment].map(({ service, publishes }) => [
    service,
    new Set(Object.entries(publishes).flatMap(([type, form]) => (form ? [type] : []))),
  ]),
);

/** A whole system as real processes, with a tap on its exchange. */
export async function startWorld({ ownServers = false, ...options }: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-e2e-'));
  const broker = ownServers ? undefined : await throwAwayBroker();
  const cluster = await startCluster({
    directory,
    namespace: `e2e_${randomUUID().slice(0, 8)}`,
    durable: ownServers,
    ...options,
    ...(broker && {
      servers: {
        postgresUrl: process.env['QUADRILLE_TEST_POSTGRES_URL'],
        amqpUrl: broker.url,
        brokerAdminUrl: broker.adminUrl,
      },
    }),
  });
  await openTap(cluster.amqpUrl);
  const urls = (name: 'order' | 'inventory' | 'payment') => cluster.service(name).replicas.map(({ url }) => url);
  const client = new Client({
    order: urls('order'),
    inventory: urls('inventory'),
    payment: urls('payment'),
    adminToken: cluster.adminToken,
  });
  return {
    cluster,
    client,
    broken: async (promised) => {
      await eventually(
        'the dust has settled',
        async () => {
          const open = await unsettled(cluster.databaseUrls);
          if (open.length > 0) throw new Error(open.join('; '));
          return true;
        },
        120_000,
      );
      const evidence = await collectEvidence({
        databases: cluster.databaseUrls,
        provider: { url: cluster.service('payment-provider').url, adminToken: cluster.adminToken },
        wire: await readTap(cluster.amqpUrl),
      });
      return { violations: violations(evidence, promised, forms), evidence };
    },
    end: async () => {
      await cluster.stop({ removeData: true });
      await broker?.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
