import type { Logger } from '@quadrille/observability';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Loop } from './loop.js';
import { statement } from './statement.js';

/** What there is news of: log rows to publish, tasks to do, or leases that are free. */
export type Topic = 'log' | 'agenda' | 'leases';

/** Whether the news is of this process, or perhaps of another. */
export type NewsFrom = 'here' | 'elsewhere';

const channel = 'quadrille';
/** Said by a process that begins to listen: everybody answers that they are there. */
const arrived = 'arrived';
/** Said in answer, and with each heartbeat. */
const present = 'present';
const notify = 'select pg_notify($1, topic) from unnest($2::text[]) topic';
const answerTimeoutMs = 5000;
const heartbeatMs = 10_000;
/** Whoever was not heard of for so long is gone. */
const presentMs = 3 * heartbeatMs;
const goodbyeMs = 500;

/**
 * Wakes whoever waits for news: in this process at once, in the other processes on this database by NOTIFY. It is a
 * hint and no more: sent after the commit and never inside it, coalesced, lost while the connection is away. Every
 * listener polls behind it. A process that hears of no other keeps its news until one comes: a notification is a transaction.
 */
export class LogSignal {
  private readonly listeners = new Map<Topic, Set<(from: NewsFrom) => void>>();
  private readonly unsent = new Set<Topic>();
  private client: Client | undefined;
  private sending = false;
  /** Until when each of the others is taken to be there, by the id of its connection. */
  private readonly others = new Map<number, number>();
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

  on(topic: Topic, listener: (from: NewsFrom) => void): void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
  }

  /** Call it after a commit. Never throws and never waits. */
  raise(topic: Topic): void {
    this.wake(topic, 'here');
    this.unsent.add(topic);
    // Not in this moment: what the same commit raises next shares the notification.
    queueMicrotask(() => void this.send());
  }

  private wake(topic: string, from: NewsFrom): void {
    for (const listener of this.listeners.get(topic as Topic) ?? []) listener(from);
  }

  /** Whether no other process is on this database, as far as was heard in the last half minute. */
  get isAlone(): boolean {
    const now = performance.now();
    for (const [processId, untilMs] of this.others) if (untilMs < now) this.others.delete(processId);
    return this.others.size === 0;
  }

  private hear(client: Client, processId: number, said: string): void {
    const wasAlone = this.isAlone;
    this.others.set(processId, performance.now() + presentMs);
    if (said !== present && said !== arrived) this.wake(said, 'elsewhere');
    if (!wasAlone && said !== arrived) return;
    announce(client, present).catch((error: unknown) => this.lose(client, error));
    // Who has just come missed what was kept.
    void this.send();
  }

  /** While one notification is on its way, all that is raised shares the next one. */
  private async send(): Promise<void> {
    const { client } = this;
    if (this.sending || !client || this.isAlone) return;
    this.sending = true;
    try {
      while (this.client === client && this.unsent.size > 0) {
        const topics = [...this.unsent];
        this.unsent.clear();
        await client.query(statement(notify, [channel, topics]));
      }
    } catch (error) {
      this.lose(client, error);
    } finally {
      this.sending = false;
    }
  }

  private lose(client: Client, error: unknown): void {
    this.logger.debug({ err: error }, 'a notification was not sent; the other processes poll');
    if (this.client !== client) return;
    void this.disconnect().then(() => this.connection.wake());
  }

  private async keepConnected(): Promise<void> {
    if (this.client) {
      await announce(this.client, present).catch(() => this.disconnect());
      if (this.client) return;
    }
    const client = new Client(connectionOf(this.dataSource));
    client.on('error', (error) => {
      this.logger.warn({ err: error }, 'the connection that listens for commits broke and is opened again');
      if (this.client === client) this.client = undefined;
      this.connection.wake();
    });
    client.on('notification', ({ processId, payload }) => {
      if (payload && processId !== backendOf(client)) this.hear(client, processId, payload);
    });
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      await announce(client, arrived);
    } catch (error) {
      await close(client);
      throw error;
    }
    this.client = client;
    // What was committed while nobody listened.
    for (const topic of this.listeners.keys()) this.wake(topic, 'elsewhere');
    void this.send();
  }

  private async disconnect(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client) await close(client);
  }
}

async function announce(client: Client, what: typeof arrived | typeof present): Promise<void> {
  await client.query(statement(notify, [channel, [what]]));
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
