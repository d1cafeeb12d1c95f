import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { EventLog1700000000000 } from './migrations/1700000000000-event-log.js';
import { EventLogPartitions1700000000400 } from './migrations/1700000000400-event-log-partitions.js';
import type { AnyParticipant } from './participant.js';

/** The tables of the event log; a service's own come beside them. */
export const eventLogMigrations = [EventLog1700000000000, EventLogPartitions1700000000400];

/** No round waits for ever: neither for a statement, nor for a lock, nor with a transaction open and nothing to say. */
const timeouts = {
  statement_timeout: 10_000,
  lock_timeout: 5000,
  idle_in_transaction_session_timeout: 10_000,
};

/**
 * Every statement finds its rows by key, so that a plan for any parameters is as good as one for these, and is made once. It
 * may be made while the tables are empty, and is kept while they grow: what is cheap for few rows, to read them all, is not
 * to be chosen. Where no index serves, tables are read as a whole all the same; before PostgreSQL 18 such a plan is reckoned at
 * ten billion, for which it would be compiled each time. A join would go through an index from end to end for the same reason,
 * so a round and a claim that join a table that grows name its keys a second time, with `= any`: `plans.int.spec.ts`.
 */
const planning = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  jit: 'off',
};

/** When even the server is silent. */
const answerTimeoutMs = 15_000;
const connectTimeoutMs = 5000;

/**
 * How a service connects to its database. The timeouts are sent with the connection's first packet and cost no
 * transaction a round trip.
 */
export function eventLogDataSourceOptions(
  url: string,
  participant: AnyParticipant,
  { poolSize = 10 }: { readonly poolSize?: number } = {},
): DataSourceOptions {
  return {
    type: 'postgres',
    // TypeORM would look for it by name at run time, and a bundle has no packages beside it.
    driver: pg,
    url,
    poolSize,
    connectTimeoutMS: connectTimeoutMs,
    applicationName: `quadrille-${participant.name}`,
    installExtensions: false,
    entities: [...participant.entities],
    migrations: [...eventLogMigrations, ...participant.migrations],
    extra: {
      ...timeouts,
      query_timeout: answerTimeoutMs,
      keepAlive: true,
      // A new connection costs ten milliseconds of CPU and has to prepare every statement again.
      idleTimeoutMillis: 300_000,
      // Statements that do not wait for one another are sent together: a round has four round trips, and not a dozen.
      pipeline: true,
      options: Object.entries({ default_transaction_isolation: 'read\\ committed', ...planning })
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    },
  };
}
