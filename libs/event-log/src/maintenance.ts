import type { Logger } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import { Loop } from './loop.js';
import type { Transaction } from './participant.js';
import { rows } from './sql.js';
import { inTransaction } from './transaction.js';

export interface Retention {
  /** How long a message is known for a duplicate. Longer than the longest retry and replay. */
  readonly inboxMs: number;
  readonly idempotencyMs: number;
  /** How long published rows of the log are kept; undefined for a log that is never dropped, because state is its fold. */
  readonly logMs?: number | undefined;
}

const dayMs = 86_400_000;
export const defaultRetention: Retention = { inboxMs: 14 * dayMs, idempotencyMs: 7 * dayMs };

export interface MaintenanceOptions {
  readonly dataSource: DataSource;
  readonly retention: Retention;
  readonly pauseMs: number;
  readonly logger: Logger;
}

const logPartitionRows = 1_000_000;
const logPartitionsAhead = 3;
const weekMs = 7 * dayMs;
const weeksAhead = 2;
const rowsAtOnce = 5000;
const advisoryLock = 0x6d61696e;
/** Long enough for rounds to end, and so short that those that queue up behind a longer transaction are not missed. */
const lockTimeoutMs = 250;

/**
 * Makes room ahead and drops what is old, by whole partitions. Replicas take turns by an advisory lock; every lock on a
 * table is given up quickly, because rounds would queue behind a waiting one, and asked for again next time.
 */
export class Maintenance {
  private readonly loop: Loop;

  constructor(private readonly options: MaintenanceOptions) {
    const { pauseMs, logger } = options;
    this.loop = new Loop({ name: 'maintenance', pauseMs, logger, step: () => this.run() });
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** All of it once. What cannot be done now keeps nothing else from being done; its error comes at the end. */
  async run(): Promise<void> {
    const { inboxMs, idempotencyMs, logMs } = this.options.retention;
    const failures: unknown[] = [];
    for (const step of [
      () => this.alone((tx) => this.extendLog(tx)),
      () => this.alone((tx) => this.extendInbox(tx)),
      () => this.alone((tx) => this.dropOldInbox(tx)),
      ...(logMs === undefined ? [] : [() => this.alone((tx) => this.dropOldLog(tx))]),
      () => this.deleteOldRows('idempotency', 'created_at', idempotencyMs),
      () => this.deleteOldRows('inbox_default', 'received_at', inboxMs),
      () => this.deleteOldRows('delivery_attempt', 'last_at', inboxMs),
    ])
      await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** One short transaction that does nothing while another replica is at it. */
  private async alone(work: (tx: Transaction) => Promise<void>): Promise<void> {
    await inTransaction(this.options.dataSource, 'maintenance', async (tx) => {
      await tx.query(`set local lock_timeout = ${lockTimeoutMs}`);
      const [lock] = await tx.query<{ free: boolean }>('select pg_try_advisory_xact_lock($1) as free', [advisoryLock]);
      if (lock?.free) await work(tx);
    });
  }

  private async extendLog(tx: Transaction): Promise<void> {
    const [head] = await tx.query<{ position: string }>('select last_value as position from log_position');
    const current = Math.floor(Number(head?.position ?? 0) / logPartitionRows);
    for (let at = current; at <= current + logPartitionsAhead; at++) {
      const [from, to] = [at * logPartitionRows, (at + 1) * logPartitionRows];
      if (await isMissing(tx, `log_p${at}`)) await attach(tx, 'log', `log_p${at}`, String(from), String(to));
    }
  }

  private async extendInbox(tx: Transaction): Promise<void> {
    const current = Math.floor((await nowMs(tx)) / weekMs);
    for (let week = current; week <= current + weeksAhead; week++) {
      const name = `inbox_w${week}`;
      if (!(await isMissing(tx, name))) continue;
      const [from, to] = [smallestUuidv7(week * weekMs), smallestUuidv7((week + 1) * weekMs)];
      await attach(tx, 'inbox', name, from, to);
    }
  }

  private async dropOldInbox(tx: Transaction): Promise<void> {
    const oldestWeek = Math.floor(((await nowMs(tx)) - this.options.retention.inboxMs) / weekMs);
    for (const { name, at } of await partitionsOf(tx, 'inbox', 'inbox_w'))
      if (at < oldestWeek) await this.drop(tx, name);
  }

  /** Oldest first, and none behind one that has to stay. Rows that are not published are never old. */
  private async dropOldLog(tx: Transaction): Promise<void> {
    const [relay] = await tx.query<{ position: string }>(`select position from relay where name = 'relay'`);
    const horizon = new Date((await nowMs(tx)) - (this.options.retention.logMs ?? Infinity));
    for (const { name, at } of await partitionsOf(tx, 'log', 'log_p')) {
      if ((at + 1) * logPartitionRows > Number(relay?.position ?? 0)) return;
      const [newest] = await tx.query<{ recorded_at: Date }>(
        `select recorded_at from ${name} order by position desc limit 1`,
      );
      if (newest && newest.recorded_at > horizon) return;
      await this.drop(tx, name);
    }
  }

  private async drop(tx: Transaction, name: string): Promise<void> {
    await tx.query('select drop_partition($1)', [name]);
    this.options.logger.info({ partition: name }, 'an old partition was dropped');
  }

  private async deleteOldRows(table: string, column: string, ageMs: number): Promise<void> {
    for (let deleted = rowsAtOnce; deleted === rowsAtOnce;)
      deleted = (
        await rows(
          this.options.dataSource,
          `delete from ${table} where ctid = any (array(
             select ctid from ${table} where ${column} < now() - $1 * interval '1 millisecond' limit $2)) returning 1`,
          [ageMs, rowsAtOnce],
        )
      ).length;
  }
}

/** With the rights of the tables' owner, which the service itself may not have. */
async function attach(
  tx: Transaction,
  ...partition: [parent: string, name: string, from: string, to: string]
): Promise<void> {
  await tx.query('select attach_partition($1, $2, $3, $4)', partition);
}

async function isMissing(tx: Transaction, table: string): Promise<boolean> {
  const [found] = await tx.query<{ missing: boolean }>('select to_regclass($1) is null as missing', [table]);
  return found?.missing ?? true;
}

async function partitionsOf(tx: Transaction, parent: string, prefix: string): Promise<{ name: string; at: number }[]> {
  const found = await tx.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = $1::regclass`,
    [parent],
  );
  return found
    .map(({ name }) => ({ name, at: Number(name.slice(prefix.length)) }))
    .filter(({ name, at }) => name.startsWith(prefix) && Number.isInteger(at))
    .sort((a, b) => a.at - b.at);
}

async function nowMs(tx: Transaction): Promise<number> {
  const [row] = await tx.query<{ now: Date }>('select now()');
  if (!row) throw new Error('the database does not tell the time');
  return row.now.getTime();
}

/** The bound between UUIDv7 ids made before and from this moment on (RFC 9562: the first 48 bits are the milliseconds). */
function smallestUuidv7(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
