import { throwAwayDatabase } from '@quadrille/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { migrate } from '../src/migrate.js';
import { testParticipant } from './participant.js';

export interface TestDatabase {
  readonly url: string;
  /** One more process's connections. */
  open(): Promise<DataSource>;
  /** A connection to the server that is not to this database. */
  openAdmin(): Promise<Client>;
  /** Closes all that was opened, and drops the database. */
  drop(): Promise<void>;
}

/** A migrated database of its own for one suite. */
export async function testDatabase(participant = testParticipant()): Promise<TestDatabase> {
  const { url, drop } = await throwAwayDatabase();
  await migrate(url, participant);
  const opened: DataSource[] = [];
  const admins: Client[] = [];
  return {
    url,
    async open() {
      const dataSource = await new DataSource(eventLogDataSourceOptions(url, participant)).initialize();
      opened.push(dataSource);
      return dataSource;
    },
    async openAdmin() {
      const admin = new Client({ connectionString: new URL('/postgres', url).href });
      await admin.connect();
      admins.push(admin);
      return admin;
    },
    async drop() {
      for (const admin of admins) await admin.end();
      for (const dataSource of opened) if (dataSource.isInitialized) await dataSource.destroy();
      await drop();
    },
  };
}
