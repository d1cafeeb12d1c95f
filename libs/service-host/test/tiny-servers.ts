import { migrate } from '@quadrille/event-log';
import { declareTopology } from '@quadrille/messaging';
import { throwAwayBroker, throwAwayDatabase } from '@quadrille/testing';
import { tables, tinyParticipant } from './tiny-participant.js';

export const adminToken = 'correct-horse-battery';
export const partitions = 2;

export interface TinyServers {
  /** The variables of a service that uses these servers. */
  readonly variables: Readonly<Record<string, string>>;
  migrate(): Promise<void>;
  declareTopology(): Promise<void>;
  drop(): Promise<void>;
}

/** A database and a virtual host of their own for one suite; empty until they are prepared. */
export async function tinyServers(): Promise<TinyServers> {
  const [database, broker] = await Promise.all([throwAwayDatabase(), throwAwayBroker()]);
  return {
    variables: variablesOf(database.url, broker.url),
    migrate: () => migrate(database.url, tinyParticipant),
    declareTopology: () => declareTopology({ url: broker.url, tables, partitions }),
    drop: async () => {
      await Promise.all([database.drop(), broker.drop()]);
    },
  };
}

/** The variables of a service that gives a message up after its second attempt. */
export function variablesOf(databaseUrl: string, amqpUrl: string): Readonly<Record<string, string>> {
  return {
    DATABASE_URL: databaseUrl,
    AMQP_URL: amqpUrl,
    HTTP_PORT: '0',
    ADMIN_TOKEN: adminToken,
    PARTITIONS: String(partitions),
    LOG_LEVEL: 'error',
    SHUTDOWN_WAIT_MS: '0',
    RETRY_ATTEMPTS_MAX: '2',
    RETRY_FIRST_MS: '1',
    ALLOW_UNSAFE_SERVERS: '1',
  };
}
