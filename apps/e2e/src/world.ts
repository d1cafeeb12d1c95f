import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, type ClusterOptions, removeServerData, startCluster } from '@quadrille/cluster';
import { choreography as inventory } from '@quadrille/inventory/choreography';
import { choreography as order } from '@quadrille/order/choreography';
import { choreography as payment } from '@quadrille/payment/choreography';
import { Client, eventually } from './client.js';
import { collectEvidence, readInbox, type Sources, unsettled, type Evidence } from './evidence.js';
import { type Heard, type PublicForms, unheard, type Violation, violations } from './rules.js';
import { WireTap } from './wire-tap.js';

export interface World {
  readonly cluster: Cluster;
  readonly client: Client;
  /** Waits until nothing is under way any more: no deadline or task, nothing held, unpublished, unheard or left in a queue. */
  settle(patienceMs?: number): Promise<void>;
  collect(): Promise<Evidence>;
  /** Waits until nothing is under way any more, then checks the seven rules over everybody's books. */
  broken(promised: readonly string[]): Promise<{ violations: Violation[]; evidence: Evidence }>;
  end(): Promise<void>;
}

export interface WorldOptions extends Pick<
  ClusterOptions,
  'replicas' | 'environment' | 'partitions' | 'beforeLaunch' | 'program' | 'step'
> {
  /** Servers of its own, that may be killed. Otherwise those of the test run are shared. */
  readonly ownServers?: boolean;
}

const tables = [order, inventory, payment];
export const forms: PublicForms = Object.fromEntries(
  tables.map(({ service, publishes }) => [
    service,
    new Set(Object.entries(publishes).flatMap(([type, form]) => (form ? [type] : []))),
  ]),
);
export const heard = Object.fromEntries(
  tables.map(({ service, reactsTo }) => [service, new Set(Object.keys(reactsTo))]),
) as unknown as Heard;

/** A whole system as real processes, with a tap on its exchange. */
export async function startWorld({ ownServers = false, ...options }: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-e2e-'));
  const broker = ownServers ? undefined : await sharedBroker();
  const leave = async () => {
    await broker?.drop();
    await removeServerData(directory);
    rmSync(directory, { recursive: true, force: true });
  };
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
  }).catch(async (error: unknown) => {
    await leave();
    throw error;
  });
  const tap = await WireTap.open(cluster.amqpUrl);
  const urls = (name: 'order' | 'inventory' | 'payment') => cluster.service(name).replicas.map(({ url }) => url);
  const client = new Client({
    order: urls('order'),
    inventory: urls('inventory'),
    payment: urls('payment'),
    adminToken: cluster.adminToken,
  });
  const settle = async (patienceMs = 120_000) => {
    await eventually('the dust has settled', () => settled(cluster.databaseUrls, tap), patienceMs);
  };
  const collect = async () =>
    collectEvidence({
      databases: cluster.databaseUrls,
      provider: { url: cluster.service('payment-provider').url, adminToken: cluster.adminToken },
      wire: await tap.read(),
    });
  return {
    cluster,
    client,
    settle,
    collect,
    broken: async (promised) => {
      await settle();
      const evidence = await collect();
      return { violations: violations(evidence, promised, { forms, heard }), evidence };
    },
    end: async () => {
      // Servers of its own go with all that is in them.
      await cluster.stop({ removeData: !ownServers });
      await leave();
    },
  };
}

/** The testing library works inside Jest alone, and a world with servers of its own also outside. */
async function sharedBroker() {
  const { throwAwayBroker } = await import('@quadrille/testing');
  return throwAwayBroker();
}

/** Rejects with what is still under way. */
export async function settled(databaseUrls: Sources['databases'], tap: WireTap): Promise<true> {
  const open = await unsettled(databaseUrls);
  if (open.length === 0) {
    // Everything that was published is on the tap, so whoever has to hear it must have it in the inbox by now.
    const [order, inventory, payment] = await Promise.all([
      readInbox(databaseUrls.order),
      readInbox(databaseUrls.inventory),
      readInbox(databaseUrls.payment),
    ]);
    const missing = unheard(await tap.read(), { order, inventory, payment }, heard);
    open.push(...missing.map(({ service, type, id }) => `${service} has not heard ${type} ${id}`));
    open.push(...(await tap.waiting()));
    // What was heard meanwhile may have set something going.
    open.push(...(await unsettled(databaseUrls)));
  }
  if (open.length > 0) throw new Error(`${open.slice(0, 20).join('; ')}${open.length > 20 ? ' ...' : ''}`);
  return true;
}
