import type { DataSource } from 'typeorm';

/** What the service's own session sees, so that settings of the server, the database, the role and a pooler all count. */
export interface DatabaseFacts {
  /** As PostgreSQL counts: 150004 is 15.4. */
  readonly versionNumber: number;
  readonly version: string;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  /** Of a transaction that does not ask for one. */
  readonly isolation: string;
  readonly isStandby: boolean;
  readonly clock: ClockReading;
}

/** When the database told its time, between two looks at the clock of this process. All in whole milliseconds since 1970. */
export interface ClockReading {
  readonly askedAtMs: number;
  readonly toldMs: number;
  readonly answeredAtMs: number;
}

export async function readDatabaseFacts(dataSource: DataSource): Promise<DatabaseFacts> {
  const [settings] = await dataSource.query<Omit<DatabaseFacts, 'clock'>[]>(
    `select current_setting('server_version_num')::int as "versionNumber",
       current_setting('server_version') as version,
       current_setting('fsync') as fsync,
       current_setting('full_page_writes') as "fullPageWrites",
       current_setting('synchronous_commit') as "synchronousCommit",
       current_setting('default_transaction_isolation') as isolation,
       pg_is_in_recovery() as "isStandby"`,
  );
  const clock = await readClock(dataSource);
  if (!settings) throw new Error('the database did not tell its settings');
  return { ...settings, clock };
}

/** A query of its own, which has nothing to do but to tell the time, so that the two looks are close together. */
async function readClock(dataSource: DataSource): Promise<ClockReading> {
  const askedAtMs = Date.now();
  const [told] = await dataSource.query<{ now: number }[]>(
    `select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now`,
  );
  const answeredAtMs = Date.now();
  if (!told) throw new Error('the database did not tell the time');
  return { askedAtMs, toldMs: told.now, answeredAtMs };
}
