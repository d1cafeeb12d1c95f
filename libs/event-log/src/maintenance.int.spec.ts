import { silentLogger } from '@quadrille/observability';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import type { DataSource, QueryRunner } from 'typeorm';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { defaultRetention, Maintenance, type Retention } from './maintenance.js';

const dayMs = 86_400_000;
let database: TestDatabase;
let dataSource: DataSource;

beforeEach(async () => {
  database = await testDatabase();
  ({ dataSource } = database);
});

afterEach(() => database.drop());

function maintenance(retention: Partial<Retention> = {}, source = dataSource): Maintenance {
  return new Maintenance({
    dataSource: source,
    retention: { ...defaultRetention, ...retention },
    pauseMs: 60_000,
    logger: silentLogger,
  });
}

async function partitionsOf(table: string): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = $1::regclass order by 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

async function insertRow(position: number, recordedAt: string): Promise<void> {
  await dataSource.query(
    `insert into log (position, stream, version, id, type, data, recorded_at, correlation_id, causation_id)
     values ($1, 'order-1', 1, $2, 'Opened', '{}', $3, 'c', 'c')`,
    [position, uuidv7(), recordedAt],
  );
}

test('the log has room ahead of its head, however far that is', async () => {
  await maintenance().run();
  expect(await partitionsOf('log')).toEqual(['log_p0', 'log_p1', 'log_p2', 'log_p3']);

  await dataSource.query(`select setval('log_position', 2500000)`);
  await maintenance().run();
  expect(await partitionsOf('log')).toEqual(['log_p0', 'log_p1', 'log_p2', 'log_p3', 'log_p4', 'log_p5']);
  await insertRow(5_999_999, new Date().toISOString());
});

test('ids that came before their week had a partition move into it and stay known; foreign ids stay in the default part', async () => {
  const [ours, foreign] = [uuidv7(), uuidv4()];
  await dataSource.query('insert into inbox (message_id) values ($1), ($2)', [ours, foreign]);
  await maintenance().run();

  const where = await dataSource.query<{ part: string; message_id: string }[]>(
    'select tableoid::regclass::text as part, message_id from inbox',
  );
  expect(where.find(({ message_id }) => message_id === ours)?.part).toMatch(/^inbox_w\d+$/);
  expect(where.find(({ message_id }) => message_id === foreign)?.part).toBe('inbox_default');
  await expect(dataSource.query('insert into inbox (message_id) values ($1)', [ours])).rejects.toThrow('duplicate key');
});

test('the inbox is dropped by whole weeks when the newest of a week is out of retention', async () => {
  await maintenance().run();
  const before = await partitionsOf('inbox');
  const week = Number(before[1]?.slice('inbox_w'.length));
  const start = (at: number) => {
    const hex = (at * 7 * dayMs).toString(16).padStart(12, '0');
    return `'${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000'`;
  };
  for (const at of [week - 3, week - 2])
    await dataSource.query(
      `create table inbox_w${at} partition of inbox for values from (${start(at)}) to (${start(at + 1)})`,
    );

  await maintenance({ inboxMs: 30 * dayMs }).run();
  expect(await partitionsOf('inbox')).toContain(`inbox_w${week - 3}`);
  // Two weeks ago today is still in retention, and so is all of that week.
  await maintenance().run();
  expect(await partitionsOf('inbox')).toEqual([before[0], `inbox_w${week - 2}`, ...before.slice(1)]);
});

test('the log is dropped only where the service allows it, behind the checkpoint and behind the horizon', async () => {
  await maintenance().run();
  const [old, young] = [new Date(Date.now() - 10 * dayMs).toISOString(), new Date().toISOString()];
  await insertRow(1, old);
  await insertRow(1_000_001, old);
  await insertRow(2_000_001, young);
  await dataSource.query(`select setval('log_position', 2000001)`);
  const first = async () => (await partitionsOf('log'))[0];

  await dataSource.query('update relay set position = 2000001');
  await maintenance().run();
  expect(await first()).toBe('log_p0');

  await dataSource.query('update relay set position = 1500000');
  await maintenance({ logMs: 7 * dayMs }).run();
  expect(await first()).toBe('log_p1');

  await dataSource.query('update relay set position = 3000000');
  await maintenance({ logMs: 7 * dayMs }).run();
  expect(await first()).toBe('log_p2');
});

test('idempotency keys and abandoned attempts end with their retention', async () => {
  await dataSource.query(
    `insert into idempotency (scope, key, body_hash, created_at)
     values ('a', 'old', '', now() - interval '8 days'), ('a', 'young', '', now() - interval '6 days')`,
  );
  await dataSource.query(
    `insert into delivery_attempt (message_id, attempts, last_at) values ($1, 1, now() - interval '15 days')`,
    [uuidv7()],
  );
  await maintenance().run();
  expect(await dataSource.query('select key from idempotency')).toEqual([{ key: 'young' }]);
  expect(await dataSource.query('select 1 from delivery_attempt')).toEqual([]);
});

test('two replicas at the same time do it once', async () => {
  const other = await database.open();
  await Promise.all([maintenance().run(), maintenance({}, other).run(), maintenance().run()]);
  expect(await partitionsOf('log')).toHaveLength(4);
});

test('with a long transaction in its way it gives up quickly and succeeds later', async () => {
  const reader = dataSource.createQueryRunner();
  await reader.startTransaction();
  await reader.query('lock table inbox_default in access share mode');
  await expect(maintenance().run()).rejects.toThrow('lock timeout');
  await reader.rollbackTransaction();
  await reader.release();
  await maintenance().run();
  expect((await partitionsOf('inbox')).length).toBeGreaterThan(1);
});

describe('with a transaction that has read the log and the inbox and does not end', () => {
  let reader: QueryRunner;
  let old: string;

  beforeEach(async () => {
    await maintenance().run();
    const [part] = (await partitionsOf('inbox')).filter((name) => name.startsWith('inbox_w'));
    const week = Number(part?.slice('inbox_w'.length)) - 4;
    old = `inbox_w${week}`;
    const bounds = [week, week + 1].map((at) => (at * 7 * dayMs).toString(16).padStart(12, '0'));
    const [from, to] = bounds.map((hex) => `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`);
    await dataSource.query(`create table ${old} partition of inbox for values from ('${from}') to ('${to}')`);
    await insertRow(1, new Date(Date.now() - 10 * dayMs).toISOString());
    await dataSource.query('update relay set position = 1000001');
    await dataSource.query(
      `insert into idempotency (scope, key, body_hash, created_at) values ('a', 'old', '', now() - interval '8 days')`,
    );
    reader = dataSource.createQueryRunner();
    await reader.startTransaction('REPEATABLE READ');
    await reader.query('select count(*) from log');
    await reader.query('select count(*) from inbox');
  });

  afterEach(async () => {
    if (reader.isTransactionActive) await reader.rollbackTransaction();
    await reader.release();
  });

  test('what cannot be dropped is left, all else is done, and the next run after it drops', async () => {
    await dataSource.query(`select setval('log_position', 1000001)`);
    await expect(maintenance({ logMs: 7 * dayMs }).run()).rejects.toThrow('lock timeout');
    expect(await partitionsOf('inbox')).toContain(old);
    expect(await partitionsOf('log')).toEqual(['log_p0', 'log_p1', 'log_p2', 'log_p3', 'log_p4']);
    expect(await dataSource.query('select key from idempotency')).toEqual([]);

    await reader.rollbackTransaction();
    await maintenance({ logMs: 7 * dayMs }).run();
    expect(await partitionsOf('inbox')).not.toContain(old);
    expect(await partitionsOf('log')).toEqual(['log_p1', 'log_p2', 'log_p3', 'log_p4']);
  });

  test('rounds go on while a partition waits to be dropped, and behind it', async () => {
    let isTrying = true;
    const dropping = maintenance({ logMs: 7 * dayMs }).run();
    const given = expect(dropping.finally(() => (isTrying = false))).rejects.toThrow('lock timeout');
    for (let position = 2; position === 2 || isTrying; position++) {
      await dataSource.query('insert into inbox (message_id) values ($1)', [uuidv7()]);
      await insertRow(position, new Date().toISOString());
    }
    await given;
    expect(reader.isTransactionActive).toBe(true);
  });
});
