import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool, QueryConfig, QueryResult } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { v7 as uuidv7 } from 'uuid';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { inTransaction } from '../src/transaction.js';
import { accountDatabase, type AccountDatabase } from './account-database.js';
import { accountParticipant } from './account.js';

let database: AccountDatabase;
beforeAll(async () => {
  database = await accountDatabase();
});
afterAll(() => database.end());

test('a transaction whose begin is refused does nothing: no statement is committed by itself', async () => {
  const id = uuidv7();
  const options = eventLogDataSourceOptions(database.url, accountParticipant, { poolSize: 1 });
  const dataSource = await new DataSource(options).initialize();
  try {
    const client = await ((dataSource.driver as PostgresDriver).master as Pool).connect();
    const send = client.query.bind(client) as (statement: QueryConfig) => Promise<QueryResult>;
    const refusing = async (statement: QueryConfig) =>
      send(statement.text === 'start transaction' ? { text: 'select 1 / 0' } : statement);
    Object.assign(client, { query: refusing });
    client.release();
    const insert = inTransaction(dataSource, 'test', (tx) =>
      tx.query('insert into inbox (message_id) values ($1)', [id]),
    );
    await expect(insert).rejects.toThrow('division by zero');
    expect(await database.query('select * from inbox where message_id = $1', [id])).toEqual([]);
  } finally {
    await dataSource.destroy();
  }
});

test('a transaction that TypeORM begins inside a round is a part of it', async () => {
  const [kept, undone] = [uuidv7(), uuidv7()];
  const insert = 'insert into inbox (message_id) values ($1)';
  const rolledBack = inTransaction(database.dataSource, 'test', async ({ manager }) => {
    await manager.transaction((inner) => inner.query(insert, [undone]));
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');
  await inTransaction(database.dataSource, 'test', async ({ manager }) => {
    await manager.transaction((inner) => inner.query(insert, [kept]));
    const failing = manager.transaction(async (inner) => {
      await inner.query(insert, [undone]);
      throw new Error('inner');
    });
    await expect(failing).rejects.toThrow('inner');
  });
  const found = await database.query('select message_id from inbox where message_id = any ($1)', [[kept, undone]]);
  expect(found).toEqual([{ message_id: kept }]);
});

describe('statements that are sent together', () => {
  test('give the reason of the first that failed, and not that those behind it were refused', async () => {
    const both = inTransaction(database.dataSource, 'test', async (tx) => {
      const slowToTell = async () => {
        for (let turns = 0; turns < 5; turns++) await Promise.resolve();
        await first;
      };
      const first = tx.query('select 1 / 0');
      await Promise.all([slowToTell(), tx.query('select 1')]);
    });
    await expect(both).rejects.toThrow('division by zero');
  });

  test('are not committed by themselves when one comes after the end of its transaction', async () => {
    const id = uuidv7();
    let late: Promise<unknown> = Promise.resolve();
    let finish: () => void = () => undefined;
    const insert = 'insert into inbox (message_id) values ($1)';
    const failing = inTransaction(database.dataSource, 'test', async (tx) => {
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      late = ended.then(() => tx.query(insert, [id]));
      finish = end;
      await tx.query('select 1 / 0');
    });
    await expect(failing).rejects.toThrow('division by zero');
    finish();
    await expect(late).rejects.toThrow('after the end of its transaction');
    expect(await database.query('select * from inbox where message_id = $1', [id])).toEqual([]);
  });
});

test('a transaction that was aborted and committed all the same is not taken for success', async () => {
  const work = inTransaction(database.dataSource, 'test', async (tx) => {
    await expect(tx.query('select 1 / 0')).rejects.toThrow('division by zero');
  });
  await expect(work).rejects.toThrow('COMMIT was answered with ROLLBACK');
});
