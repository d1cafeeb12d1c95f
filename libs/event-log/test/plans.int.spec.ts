import { expect, test } from '@jest/globals';
import { throwAwayDatabase } from '@quadrille/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { migrate } from '../src/migrate.js';
import { Round } from '../src/round.js';
import { accountParticipant } from './account.js';
import { eventually } from './eventually.js';
import { placed, request } from './items.js';

test('a round reads no table as a whole, although its statements were planned while all were empty', async () => {
  const { url, drop } = await throwAwayDatabase();
  await migrate(url, accountParticipant);
  const dataSource = await new DataSource(
    eventLogDataSourceOptions(url, accountParticipant, { poolSize: 1 }),
  ).initialize();
  const round = new Round({ dataSource, participant: accountParticipant });
  for (const size of [1, 100, 1])
    await round.run(
      Array.from({ length: size }, () => [placed(uuidv7(), 1), request({ type: 'Audit', account: uuidv7() })]).flat(),
    );
  // A connection tells what it has read when it ends.
  await dataSource.destroy();

  const client = new Client({ connectionString: url });
  await client.connect();
  const tables = async () =>
    (
      await client.query<{ name: string; arrived: number; rows: number }>(
        `select relname as name, n_tup_ins::int as arrived, seq_tup_read::int as rows from pg_stat_user_tables`,
      )
    ).rows;
  await eventually(async () => expect(await tables()).toContainEqual(expect.objectContaining({ arrived: 204 })));
  const readAsAWhole = (await tables()).filter(({ rows }) => rows > 0).map(({ name }) => name);
  await client.end();
  await drop();
  expect(readAsAWhole.filter((name) => name !== 'migrations')).toEqual([]);
});
