import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AgendaClaims } from '../src/agenda-claims.js';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { readStream } from '../src/log.js';
import type { News } from '../src/round-batch.js';
import { accountParticipant } from './account.js';
import { accountDatabase, type AccountDatabase } from './account-database.js';
import { request, wakeUp } from './items.js';

let database: AccountDatabase;
const news: News[] = [];
beforeAll(async () => {
  database = await accountDatabase({ onCommitted: (committed) => news.push(committed) });
});
afterAll(() => database.end());

const until = '2020-01-01T00:00:00.000Z';
const later = '2099-01-01T00:00:00.000Z';
const agendaOf = async (account: string) =>
  (await database.query('select * from agenda where stream = $1', [`account-${account}`]))[0];

describe('the agenda', () => {
  test('gets a deadline with the state that asks for it, and the cause goes on from its event', async () => {
    const account = uuidv7();
    const item = request({ type: 'Freeze', account, until });
    await database.round.run([item]);
    const [frozen] = await readStream(database.dataSource.manager, `account-${account}`);
    expect(await agendaOf(account)).toMatchObject({
      kind: 'deadline',
      task: null,
      command: { type: 'Thaw', account },
      due_at: new Date(until),
      correlation_id: item.cause.correlationId,
      causation_id: frozen?.id,
    });
    // What is told after the commit is what a reader of the log sees: the relay publishes the one for the other.
    expect(news.at(-1)).toEqual({ events: [frozen], armed: 1, held: 0 });
  });

  test('loses it in the round that ends the wait', async () => {
    const account = uuidv7();
    await database.round.run([request({ type: 'Freeze', account, until })]);
    await database.round.run([wakeUp({ type: 'Thaw', account })]);
    expect(await agendaOf(account)).toBeUndefined();
  });

  test('never sees what began and ended within one round', async () => {
    const account = uuidv7();
    await database.round.run([request({ type: 'Freeze', account, until }), wakeUp({ type: 'Thaw', account })]);
    expect(await agendaOf(account)).toBeUndefined();
    const events = await readStream(database.dataSource.manager, `account-${account}`);
    expect(events).toHaveLength(2);
    expect(news.at(-1)).toEqual({ events, armed: 0, held: 0 });
  });

  test('keeps it when the command came too early', async () => {
    const account = uuidv7();
    await database.round.run([request({ type: 'Freeze', account, until: later })]);
    expect(await database.round.run([wakeUp({ type: 'Thaw', account })])).toEqual([{ kind: 'decided', events: 0 }]);
    expect(await agendaOf(account)).toMatchObject({ due_at: new Date(later) });
  });

  test('leaves a task with its attempts and its worker alone while the state asks for the same', async () => {
    const account = uuidv7();
    await database.round.run([request({ type: 'Audit', account })]);
    await database.query(`update agenda set attempts = 2, claimed_by = 'w' where stream = $1`, [`account-${account}`]);
    await database.round.run([request({ type: 'Deposit', account, amount: 1 })]);
    expect(await agendaOf(account)).toMatchObject({ kind: 'task', task: 'audit', attempts: 2, claimed_by: 'w' });
  });

  test('replaces it when the state asks for something else', async () => {
    const account = uuidv7();
    await database.round.run([request({ type: 'Audit', account }), request({ type: 'Freeze', account, until: later })]);
    await database.query(`update agenda set attempts = 2, claimed_by = 'w' where stream = $1`, [`account-${account}`]);
    await database.round.run([wakeUp({ type: 'FinishAudit', account })]);
    expect(await agendaOf(account)).toMatchObject({ kind: 'deadline', task: null, attempts: 0, claimed_by: null });
  });

  test('gives out a deadline when the database says that it is due', async () => {
    const account = uuidv7();
    await database.round.run([request({ type: 'Freeze', account, until: later })]);
    const claims = new AgendaClaims(database.dataSource, 'deadline', 'a replica', 60_000);
    const isGivenOut = async (due: string) => {
      await database.query(`update agenda set due_at = clock_timestamp() + $2::interval where stream = $1`, [
        `account-${account}`,
        due,
      ]);
      return (await claims.claim(1000)).some(({ stream }) => stream === `account-${account}`);
    };
    expect(await isGivenOut('1 minute')).toBe(false);
    expect(await isGivenOut('0')).toBe(true);
    // Nobody gets it twice.
    expect(await isGivenOut('0')).toBe(false);
  });

  test.each<[what: string, work: (claims: AgendaClaims) => Promise<unknown>]>([
    ['claims what is due', (claims) => claims.claim(100)],
    ['extends a claim', (claims) => claims.extend(['account-1'])],
    ['gives a claim back', (claims) => claims.giveBack([{ stream: 'account-1' }])],
    ['releases a claim', (claims) => claims.release([{ stream: 'account-1', attempts: 1, delayMs: 0 }])],
  ])('is not read through by who %s, however many deadlines wait', async (_, work) => {
    // One connection, which knows what it has read in its transaction.
    const dataSource = await new DataSource(
      eventLogDataSourceOptions(database.url, accountParticipant, { poolSize: 1 }),
    ).initialize();
    const claims = new AgendaClaims(dataSource, 'deadline', 'a replica', 60_000);
    await dataSource.query('begin');
    // Planned while there was little to read.
    await work(claims);
    await dataSource.query(
      `insert into agenda (stream, kind, command, due_at, correlation_id, causation_id)
       select 'account-' || n, 'deadline', '{}', $1, 'spec', 'spec' from generate_series(1, 1000) n`,
      [later],
    );
    await work(claims);
    const [read] = await dataSource.query<[{ rows: string }]>(
      `select idx_tup_fetch + seq_tup_read as rows from pg_stat_xact_user_tables where relname = 'agenda'`,
    );
    await dataSource.query('rollback');
    await dataSource.destroy();
    expect(Number(read.rows)).toBeLessThan(100);
  });
});
