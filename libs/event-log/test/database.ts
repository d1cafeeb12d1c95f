import { throwAwayDatabase } from '@quadrille/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { migrate } from '../src/migrate.js';
import { testParticipant } from './participant.js';

export interface TestDatabase {
  readonly url: string;
  /** Connections that the suite and its replicas share. */
  readonly dataSource: DataSource;
  /** Connections of their own, for one that vanishes or is frozen. */
  open(): Promise<DataSource>;
  /** A connection to the server that is not to this database. */
  openAdmin(): Promise<Client>;
  /** Empties the tables. */
  reset(): Promise<void>;
  /** Closes all that was opened, and drops the database. */
  drop(): Promise<void>;
}

/** A migrated database of its own for one suite. */
export async function testDatabase(participant = testParticipant()): Promise<TestDatabase> {
  const { url, drop } = await throwAwayDatabase();
  await migrate(url, participant);
  const opened: DataSource[] = [];
  const admins: Client[] = [];
  const open = async () => {
    const dataSource = await new DataSource(eventLogDataSourceOptions(url, participant)).initialize();
    opened.push(dataSource);
    return dataSource;
  };
  const dataSource = await open();
  return {
    url,
    dataSource,
    open,
    async openAdmin() {
      const admin = new Client({ connectionString: new URL('/postgres', url).href });
      await admin.connect();
      admins.push(admin);
      return admin;
    },
    async reset() {
      await dataSource.query(emptySql);
    },
    async drop() {
      for (const admin of admins) await admin.end();
      for (const source of opened) if (source.isInitialized) await source.destroy();
      await drop();
    },
  };
}

const emptySql = `
  truncate log, stream_head, inbox, held_message, agenda, idempotency, partition_lease, replica, delivery_attempt, test_order;
  update relay set position = 0, owner = null, expires_at = null, paused = false;
  alter sequence log_position restart`;
