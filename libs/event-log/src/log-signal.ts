import type { Logger } from '@quadrille/observability';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Loop } from './loop.js';
import { statement } from './sql.js';

/** What there is news of: log rows to publish, tasks to do, or leases that are free. */
export type Topic = 'log' | 'agenda' | 'leases';

const channel = 'quadrille';
const notify = 'select pg_notify($1, topic) from unnest($2::text[]) topic';
const answerTimeoutMs = 5000;
const heartbeatMs = 10_000;
const goodbyeMs = 500;

/**
 * Wakes whoever waits for news: in this process at once, in the other processes on this database by NOTIFY. It is a
 * hint and no more: sent after the commit and never inside it, coalesced, lost while the connection is away. Every
 * listener polls behind it.
 */
export class LogSignal {
  private readonly listeners = new Map<Topic, Set<() => void>>();
  private readonly unsent = new Set<Topic>();
  private client: Client | undefined;
  private sending = false;
  private readonly connection: Loop;

  constructor(
    private readonly dataSource: DataSource,
    private readonly logger: Logger,
  ) {
    this.connection = new Loop({ name: 'signal', pauseMs: heartbeatMs, logger, step: () => this.keepConnected() });
  }

  start(): void {
    this.connection.start();
  }

  async stop(): Promise<void> {
    await this.connection.stop();
    await this.disconnect();
  }

  on(topic: Topic, listener: () => void): void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
  }

  /** Call it after a commit. Never throws and never waits. */
  raise(topic: Topic): void {
    this.wake(topic);
    this.unsent.add(topic);
    void this.send();
  }

  private wake(topic: string): void {
    for (const listener of this.listeners.get(topic as Topic) ?? []) listener();
  }

  /** While one notification is on its way, all that is raised shares the next one. */
  private async send(): Promise<void> {
    if (this.sending || !this.client) return;
    this.sending = true;
    try {
      while (this.client && this.unsent.size > 0) {
        const topics = [...this.unsent];
        this.unsent.clear();
        await this.client.query(statement(notify, [channel, topics]));
      }
    } catch (error) {
      this.logger.debug({ err: error }, 'a notification was not sent; the other processes poll');
      await this.disconnect();
      this.connection.wake();
    } finally {
      this.sending = false;
    }
  }

  private async keepConnected(): Promise<void> {
    if (this.client) {
      await this.client.query('select 1').catch(() => this.disconnect());
      if (this.client) return;
    }
    const client = new Client(connectionOf(this.dataSource));
    client.on('error', (error) => {
      this.logger.warn({ err: error }, 'the connection that listens for commits broke and is opened again');
      if (this.client === client) this.client = undefined;
      this.connection.wake();
    });
    client.on('notification', ({ processId, payload }) => {
      if (payload && processId !== backendOf(client)) this.wake(payload);
    });
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      await close(client);
      throw error;
    }
    this.client = client;
    // What was committed while nobody listened.
    for (const topic of this.listeners.keys()) this.wake(topic);
    void this.send();
  }

  private async disconnect(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client) await close(client);
  }
}

/** Says goodbye, but not for long: a peer that fell silent never answers. */
async function close(client: Client): Promise<void> {
  const ended = client.end().catch(() => undefined);
  await Promise.race([ended, sleep(goodbyeMs, undefined, { ref: false })]);
  socketOf(client).destroy();
}

/** pg shows neither its socket nor its backend's process id in its types. */
function socketOf(client: Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

function backendOf(client: Client): number | undefined {
  return (client as unknown as { processID?: number }).processID;
}

/** The pool's own settings, so that the listening connection reaches the same database in the same way. */
function connectionOf(dataSource: DataSource): ClientConfig {
  const pool = (dataSource.driver as PostgresDriver).master as { options: ClientConfig & { password?: string } };
  const { password } = pool.options;
  return {
    ...pool.options,
    // A pool hides its password from enumeration.
    ...(password === undefined ? {} : { password }),
    keepAlive: true,
    query_timeout: answerTimeoutMs,
    connectionTimeoutMillis: answerTimeoutMs,
  };
}
