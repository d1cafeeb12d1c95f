import { throwAwayDatabase } from '@quadrille/testing';
import { DataSource } from 'typeorm';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { migrate } from '../src/migrate.js';
import { Round, type RoundOptions } from '../src/round.js';
import { accountParticipant, type Account, type AccountCommand, type AccountEvent } from './account.js';

export type AccountRound = Round<AccountCommand, Account, AccountEvent>;

/** A migrated database with accounts for one suite, and a round on it. */
export async function accountDatabase(options: Partial<RoundOptions<AccountCommand, Account, AccountEvent>> = {}) {
  const database = await throwAwayDatabase();
  await migrate(database.url, accountParticipant);
  const dataSource = await new DataSource(eventLogDataSourceOptions(database.url, accountParticipant)).initialize();
  return {
    url: database.url,
    dataSource,
    round: new Round({ dataSource, participant: accountParticipant, ...options }),
    query: <Row = Record<string, unknown>>(sql: string, parameters: unknown[] = []) =>
      dataSource.query<Row[]>(sql, parameters),
    async end() {
      await dataSource.destroy();
      await database.drop();
    },
  };
}

export type AccountDatabase = Awaited<ReturnType<typeof accountDatabase>>;
