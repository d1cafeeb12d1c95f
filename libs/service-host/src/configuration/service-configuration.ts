import { eventsPerMessageMax } from '@quadrille/contracts';
import { logLevels } from '@quadrille/observability';
import type { z } from 'zod';
import { environmentOf, type ConfigurationClass, type Shape } from './environment.js';
import { address, count, days, flag, listOf, milliseconds, oneOf, secret, text } from './variables.js';

/** What a process of a service does; one image runs any of them, so that a cluster can scale them apart. */
export const roles = ['http', 'consume', 'relay', 'work'] as const;
export type Role = (typeof roles)[number];

/** All that migrations need. */
export const databaseUrl = address('postgres:', 'postgresql:').describe("The service's own PostgreSQL database.");

const base = {
  DATABASE_URL: databaseUrl,
  AMQP_URL: address('amqp:', 'amqps:').describe('The RabbitMQ broker, with the virtual host as its path.'),
  HTTP_HOST: text().default('127.0.0.1').describe('The address that HTTP listens on.'),
  HTTP_PORT: count({ min: 0, max: 65_535 }).describe('The port that HTTP listens on; 0 takes a free one.'),
  ADMIN_TOKEN: secret({ lengthMin: 16 }).describe(
    'The bearer token of administration: prices, receipts, dead letters.',
  ),
  ROLES: listOf(...roles)
    .default([...roles])
    .describe('What this process does; health and metrics are always served.'),
  PARTITIONS: count({ max: 64 })
    .default(4)
    .describe("The number of the service's partition queues; must be what the broker was set up with."),
  EVENTS_PER_MESSAGE_MAX: count({ max: eventsPerMessageMax })
    .default(20)
    .describe('How many events of one moment share a message; 1 for readers that know no batches.'),
  LOG_LEVEL: oneOf(...logLevels)
    .default('info')
    .describe('The least level that is logged.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: address('http:', 'https:')
    .optional()
    .describe('An OTLP collector that traces are sent to; without it they stay in the process.'),
  DATABASE_POOL_SIZE: count({ min: 4, max: 500 }).default(10).describe('Connections to the database at most.'),
  LEASE_MS: milliseconds({ min: 1_000 })
    .default(5_000)
    .describe("How long a partition or the relay stays a process's own without a renewal."),
  RETRY_ATTEMPTS_MAX: count({ min: 2, max: 1_000 })
    .default(8)
    .describe('Attempts of a failing message before it becomes a dead letter.'),
  RETRY_FIRST_MS: milliseconds().default(200).describe('The wait before the second attempt; later ones grow.'),
  INBOX_RETENTION_DAYS: days()
    .default(14)
    .describe('How long a message is known for a repetition; longer than the replay horizon and the longest retry.'),
  REPLAY_HORIZON_DAYS: days()
    .default(7)
    .describe('How old an event may be when it comes again: from a queue, from a log or by hand.'),
  LOG_RETENTION_DAYS: days()
    .optional()
    .describe('How long published events are kept at least; without it the log is never dropped.'),
  CLOCK_DIFFERENCE_MAX_MS: milliseconds()
    .default(5_000)
    .describe("How far this machine's clock may be from the database's."),
  ALLOW_UNSAFE_SERVERS: flag()
    .default(false)
    .describe('1 lets the service run on a database that can lose what it committed: for tests, never in production.'),
  HTTP_BODY_BYTES_MAX: count({ min: 1_024, max: 16_777_216 })
    .default(131_072)
    .describe('The largest request body that is read.'),
  SHUTDOWN_WAIT_MS: milliseconds({ min: 0, max: 5_000 })
    .default(500)
    .describe('How long requests are still taken after readiness went off, so that a load balancer can notice.'),
} as const;

/**
 * The variables that every service has, and the service's own beside them:
 * `class OrderConfiguration extends environment({ ORDER_DEADLINE_MS: milliseconds().default(900_000) }) {}`.
 */
export function environment<const Own extends Shape>(
  own: Own,
): ConfigurationClass<z.infer<z.ZodObject<typeof base & Own>>> {
  return environmentOf({ ...base, ...own });
}

/** The variables of a service that has none of its own; also the token by which the host's parts read theirs. */
export class ServiceConfiguration extends environment({}) {}
