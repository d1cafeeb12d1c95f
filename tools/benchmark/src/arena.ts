import { type Cluster, removeServerData, startCluster } from '@quadrille/cluster';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerProvider } from './parties/peer-provider.js';

/** The servers that all parties share, and what each calls for payments. */
export interface Arena {
  readonly cluster: Cluster;
  readonly peerProvider: PeerProvider;
  readonly logDirectory: string;
  readonly serverPids: { readonly database: number; readonly broker: number };
  end(): Promise<void>;
}

export interface ArenaOptions {
  readonly step: <Value>(title: string, work: () => Promise<Value>) => Promise<Value>;
  /** Variables of our services beside those that `npm start` gives: for profiles alone. */
  readonly environment?: (service: string) => Readonly<Record<string, string>>;
}

/**
 * Private servers, in the default configuration of `npm start`: whoever measures something else than what users run measures
 * nothing. Nothing of it is left afterwards.
 */
export async function openArena({ step, environment = () => ({}) }: ArenaOptions): Promise<Arena> {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-bench-'));
  const removeAll = async () => {
    await removeServerData(directory);
    rmSync(directory, { recursive: true, force: true });
  };
  const cluster = await startCluster({
    ...arenaClusterOptions(directory),
    environment: {
      order: environment('order'),
      inventory: environment('inventory'),
      payment: environment('payment'),
    },
    step,
  }).catch(async (error: unknown) => {
    await removeAll();
    throw error;
  });
  const peerProvider = new PeerProvider(directory);
  const logDirectory = join(directory, 'logs');
  mkdirSync(logDirectory, { recursive: true });
  const end = async () => {
    await peerProvider.stop();
    await cluster.stop();
    await removeAll();
  };
  try {
    await peerProvider.start();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    cluster,
    peerProvider,
    logDirectory,
    serverPids: { database: cluster.postgres.pid ?? 0, broker: cluster.rabbitMq.pid ?? 0 },
    end,
  };
}

/** Durable servers, default partitions, one replica, nothing in the services' environment that users do not have. */
export function arenaClusterOptions(directory: string) {
  return { directory, durable: true, namespace: 'quadrille' } as const;
}
