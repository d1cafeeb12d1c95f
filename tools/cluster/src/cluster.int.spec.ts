import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { identityOf, isRunning, type ProcessIdentity } from '@quadrille/local-servers';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { givenServers, type TestServers } from '../test/given-servers.js';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.js';
import { processNames } from './service-environment.js';

describe('a cluster on servers that run already', () => {
  let servers: TestServers;
  let options: ClusterOptions;
  beforeAll(async () => {
    servers = await givenServers();
    const directory = mkdtempSync(join(tmpdir(), 'quadrille-cluster-'));
    options = { directory, servers, namespace: servers.namespace, durable: false, partitions: 2, environment: quick };
  });
  afterAll(async () => {
    await servers.drop();
    rmSync(options.directory, { recursive: true, force: true });
  });

  test('that cannot start a service says which, why and where its log is, and stops the others', async () => {
    const starting = startCluster({ ...options, environment: { ...quick, payment: { LOG_LEVEL: 'loud' } } });
    await expect(starting).rejects.toThrow(
      /^payment ended instead of becoming ready; its log \S+payment.log ends so:\npayment: LOG_LEVEL must be one of /,
    );
  }, 180_000);

  describe('once it has started', () => {
    let cluster: Cluster;
    let processes: readonly ProcessIdentity[];
    beforeAll(async () => {
      cluster = await startCluster({ ...options, replicas: { inventory: 2 } });
    }, 180_000);
    afterAll(() => cluster.stop());

    test('has every service ready, with as many replicas as were asked for', async () => {
      const counts = processNames.map((name) => [name, cluster.service(name).replicas.length]);
      expect(counts).toEqual([
        ['order', 1],
        ['inventory', 2],
        ['payment', 1],
        ['payment-provider', 1],
      ]);
      for (const name of processNames)
        for (const { url, logFile } of cluster.service(name).replicas) {
          expect((await fetch(`${url}/health/ready`)).status).toBe(200);
          expect(existsSync(logFile)).toBe(true);
        }
    });

    test('brings a killed service back at its old address', async () => {
      const order = cluster.service('order');
      await order.kill();
      await expect(fetch(`${order.url}/health/live`)).rejects.toThrow();
      await order.start();
      expect((await fetch(`${order.url}/health/ready`)).status).toBe(200);
    });

    test('freezes a service where it stands, and lets it go on', async () => {
      const provider = cluster.service('payment-provider');
      provider.freeze();
      const asked = fetch(`${provider.url}/health/live`, { signal: AbortSignal.timeout(500) });
      await expect(asked).rejects.toThrow(/timeout/);
      provider.thaw();
      expect((await fetch(`${provider.url}/health/live`)).status).toBe(200);
    });

    test('leaves no process, and no data when it is told so', async () => {
      processes = processNames
        .flatMap((name) => cluster.service(name).replicas)
        .map(({ part }) => identityOf(part.pid!)!);
      await cluster.stop({ removeData: true });
      expect(processes).toHaveLength(5);
      expect(processes.filter(isRunning)).toEqual([]);
      expect(await databasesOf(servers)).toEqual([]);
    });
  });
});

/** Nobody balances load here. */
const quick = {
  order: { SHUTDOWN_WAIT_MS: '0' },
  inventory: { SHUTDOWN_WAIT_MS: '0' },
  payment: { SHUTDOWN_WAIT_MS: '0' },
};

async function databasesOf({ postgresUrl, namespace }: TestServers): Promise<unknown[]> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    return (await client.query(`select datname from pg_database where datname like $1`, [`${namespace}%`])).rows;
  } finally {
    await client.end();
  }
}
