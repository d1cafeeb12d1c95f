import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startCluster, type Cluster } from '@quadrille/cluster';
import { throwAwayBroker } from '@quadrille/testing';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly cluster: Cluster;
  readonly directory: string;
  /** Runs a command as it was built, on this world. */
  run(command: string, ...args: string[]): Promise<Ended>;
  call(service: 'order' | 'inventory' | 'payment', method: string, path: string, body?: unknown): Promise<unknown>;
  end(): Promise<void>;
}

/** A whole system as real processes, that gives a message up after its second attempt. */
export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-operations-'));
  const broker = await throwAwayBroker();
  const quick = { SHUTDOWN_WAIT_MS: '0', RETRY_ATTEMPTS_MAX: '2', RETRY_FIRST_MS: '1', LEASE_MS: '2000' };
  const cluster = await startCluster({
    directory,
    namespace: `operations_${randomUUID().slice(0, 8)}`,
    durable: false,
    partitions: 2,
    environment: { order: quick, inventory: quick, payment: quick },
    servers: {
      postgresUrl: process.env['QUADRILLE_TEST_POSTGRES_URL'],
      amqpUrl: broker.url,
      brokerAdminUrl: broker.adminUrl,
    },
  });
  return {
    cluster,
    directory,
    run: (command, ...args) => runNode(join(dist, `${command}.js`), ...args, '--data', directory),
    call: async (service, method, path, body) => {
      const response = await fetch(`${cluster.service(service).url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${cluster.adminToken}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    end: async () => {
      await cluster.stop({ removeData: true });
      await broker.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Asks until there is an answer. Rejects with the last reason when it does not come. */
export async function eventually<Value>(what: string, ask: () => Promise<Value | undefined>): Promise<Value> {
  let last: unknown;
  for (const end = Date.now() + 90_000; Date.now() < end; await delay(100)) {
    const value = await ask().catch((error: unknown) => void (last = error));
    if (value !== undefined) return value;
  }
  throw new Error(`waited 90 s in vain until ${what}`, { cause: last });
}

function runNode(...args: string[]): Promise<Ended> {
  return new Promise((resolve) =>
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}
