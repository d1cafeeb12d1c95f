import { DataSource } from 'typeorm';
import { eventLogDataSourceOptions } from './data-source.js';
import type { AnyParticipant } from './participant.js';
import { letUse } from './rights.js';

/** One migration at a time per database, whoever starts it. */
const migrationLock = 0x6d696772;

export interface MigrateOptions {
  /** The role that the service comes as, where that is not the one that owns its tables. It is given what it needs. */
  readonly runsAs?: string | undefined;
}

/**
 * Brings the database up to date with the event log and the participant. Safe to run again, and by several at once: they
 * wait for each other.
 */
export async function migrate(
  url: string,
  participant: AnyParticipant,
  { runsAs }: MigrateOptions = {},
): Promise<void> {
  const options = eventLogDataSourceOptions(url, participant, { poolSize: 2 });
  const dataSource = await new DataSource({
    ...options,
    // Migrations may take longer than a round, but must not queue up traffic behind a lock that they wait for.
    extra: { lock_timeout: 5000, idle_in_transaction_session_timeout: 60_000 },
  }).initialize();
  try {
    const lockHolder = dataSource.createQueryRunner();
    try {
      await lockHolder.query(`set lock_timeout = '10min'`);
      await lockHolder.query('select pg_advisory_lock($1)', [migrationLock]);
      await dataSource.runMigrations({ transaction: 'each' });
      if (runsAs !== undefined) await letUse((sql) => lockHolder.query(sql), runsAs);
      await lockHolder.query('select pg_advisory_unlock($1)', [migrationLock]);
    } finally {
      await lockHolder.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

/** Rejects with one sentence when a migration that this build brings has not run. */
export async function assertMigrated(dataSource: DataSource): Promise<void> {
  const [table] = await dataSource.query<{ present: boolean }[]>(
    `select to_regclass('migrations') is not null as present`,
  );
  const ran = table?.present ? await dataSource.query<{ name: string }[]>('select name from migrations') : [];
  const names = new Set(ran.map(({ name }) => name));
  const missing = dataSource.migrations
    .map((migration) => migration.name ?? migration.constructor.name)
    .filter((name) => !names.has(name));
  if (missing.length > 0)
    throw new Error(
      `The database is not migrated: ${missing.join(', ')} has not run; run the service's migrations first.`,
    );
}
