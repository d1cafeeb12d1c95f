import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rows } from '@quadrille/e2e/evidence';
import { type ThrowAwayPostgres, throwAwayPostgres } from '@quadrille/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Arena } from '../src/arena.js';
import { Benchmark } from '../src/benchmark.js';
import { quickPlan } from '../src/plan.js';

let server: ThrowAwayPostgres;
const logDirectory = mkdtempSync(join(tmpdir(), 'quadrille-test-'));
const parties = ['one', 'another'];

const on = (database: string, sql: string) =>
  rows(Object.assign(new URL(server.url), { pathname: `/${database}` }).href, sql, z.unknown());

beforeAll(async () => {
  server = await throwAwayPostgres();
  for (const party of parties) {
    await on('postgres', `create database ${party}`);
    await on(party, 'create table saga as select generate_series(1, 1000) as id');
    await on(party, 'delete from saga where id > 10');
  }
});
afterAll(async () => {
  await server.end();
  rmSync(logDirectory, { recursive: true });
});

it('gives nobody the turn before dead rows, unanalyzed tables and dirty pages of those before are put away', async () => {
  const checkpoint = () => on('postgres', 'select checkpoint_lsn from pg_control_checkpoint()');
  const before = await checkpoint();
  // A limit without pgbench measures nothing, so that of the arena only its database is asked for.
  const arena = { cluster: { postgres: { adminUrl: server.url } }, logDirectory } as unknown as Arena;
  const { problems } = await new Benchmark({
    arena,
    plan: quickPlan,
    parties: ['limit'],
    pgbench: undefined,
    say: () => undefined,
  }).run();
  expect(problems).toEqual([]);
  for (const party of parties) {
    const found = `select n_dead_tup::int as dead, last_vacuum is not null as vacuumed, last_analyze is not null as analyzed
                   from pg_stat_user_tables where relname = 'saga'`;
    expect(await on(party, found)).toEqual([{ dead: 0, vacuumed: true, analyzed: true }]);
  }
  expect(await checkpoint()).not.toEqual(before);
});
