import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ThrowAwayPostgres, throwAwayPostgres } from '@quadrille/testing';
import { Client } from 'pg';
import { putAwayLeftovers } from '../src/measure/leftovers.js';

let server: ThrowAwayPostgres;
const parties = ['one', 'another'];

async function on<Row extends object>(database: string, sql: string): Promise<Row[]> {
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  return client
    .query<Row>(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

beforeAll(async () => {
  server = await throwAwayPostgres();
  for (const party of parties) {
    await on('postgres', `create database ${party}`);
    await on(party, 'create table saga as select generate_series(1, 1000) as id');
    await on(party, 'delete from saga where id > 10');
  }
});
afterAll(() => server.end());

it('leaves no dead row, no table that nobody has analyzed and no dirty page, in whichever database', async () => {
  const checkpoint = () => on('postgres', 'select checkpoint_lsn from pg_control_checkpoint()');
  const before = await checkpoint();
  await putAwayLeftovers(server.url);
  for (const party of parties) {
    const found = `select n_dead_tup::int as dead, last_vacuum is not null as vacuumed, last_analyze is not null as analyzed
                   from pg_stat_user_tables where relname = 'saga'`;
    expect(await on(party, found)).toEqual([{ dead: 0, vacuumed: true, analyzed: true }]);
  }
  expect(await checkpoint()).not.toEqual(before);
});
