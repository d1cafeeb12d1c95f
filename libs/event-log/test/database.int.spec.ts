import type { Decider } from '@quadrille/contracts';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@quadrille/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { eventSourced, type StreamChange } from '../src/event-sourced.js';
import { assertMigrated, migrate } from '../src/migrate.js';
import type { Participant, Repository } from '../src/participant.js';
import { Round } from '../src/round.js';
import { interrupted } from './interrupted.js';
import { accountParticipant } from './account.js';
import { cause } from './items.js';

class WithNote1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table account add column note text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table account drop column note');
  }
}

let database: ThrowAwayDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await throwAwayDatabase();
  dataSource = await new DataSource(eventLogDataSourceOptions(database.url, accountParticipant)).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

describe('migrations', () => {
  test('are asked for in one sentence while they are missing', async () => {
    await expect(assertMigrated(dataSource)).rejects.toThrow(
      'The database is not migrated: EventLog1700000000000, EventLogPartitions1700000000400, AccountTable1700000000001 has not run',
    );
  });

  test('may be started by several at once, and again', async () => {
    await Promise.all([1, 2, 3].map(() => migrate(database.url, accountParticipant)));
    await migrate(database.url, accountParticipant);
    await assertMigrated(dataSource);
  });

  test('give up what traffic has locked, so that nothing queues up behind them, and run when they are started again', async () => {
    const other = await throwAwayDatabase();
    await migrate(other.url, accountParticipant);
    const traffic = await new DataSource(eventLogDataSourceOptions(other.url, accountParticipant)).initialize();
    const newer = { ...accountParticipant, migrations: [...accountParticipant.migrations, WithNote1700000000002] };
    try {
      const reader = traffic.createQueryRunner();
      await reader.query('set idle_in_transaction_session_timeout = 0');
      await reader.startTransaction();
      await reader.query('select from account');

      await expect(migrate(other.url, newer)).rejects.toThrow('lock timeout');
      await traffic.query(`insert into account (id, balance, auditing) values ('a', 1, false)`);
      await reader.commitTransaction();
      await reader.release();

      await migrate(other.url, newer);
      expect(await traffic.query('select id, note from account')).toEqual([{ id: 'a', note: null }]);
    } finally {
      await traffic.destroy();
      await other.drop();
    }
  });

  test('can be undone', async () => {
    const other = await throwAwayDatabase();
    await migrate(other.url, accountParticipant);
    const undoing = await new DataSource(eventLogDataSourceOptions(other.url, accountParticipant)).initialize();
    for (const _migration of undoing.migrations) await undoing.undoLastMigration();
    expect(await undoing.query(`select tablename from pg_tables where schemaname = 'public'`)).toEqual([
      { tablename: 'migrations' },
    ]);
    expect(await undoing.query(`select from pg_proc where pronamespace = 'public'::regnamespace`)).toEqual([]);
    await undoing.destroy();
    await other.drop();
  });
});

test('every connection has its timeouts and its isolation from the start', async () => {
  const settings = await dataSource.query<{ name: string; setting: string }[]>(
    `select name, setting from pg_settings
     where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout',
       'default_transaction_isolation', 'application_name') order by name`,
  );
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    application_name: 'quadrille-payment',
    default_transaction_isolation: 'read committed',
    idle_in_transaction_session_timeout: '10000',
    lock_timeout: '5000',
    statement_timeout: '10000',
  });
});

test('no connection asks for less durability than the server has', async () => {
  const asked = await dataSource.query(
    `select name from pg_settings where name in ('synchronous_commit', 'commit_delay') and source not in
       ('default', 'command line', 'configuration file', 'environment variable')`,
  );
  expect(asked).toEqual([]);
});

describe('an event-sourced participant', () => {
  beforeAll(() => migrate(database.url, accountParticipant));

  interface Add {
    readonly type: 'Add';
    readonly name: string;
    readonly by: number;
  }
  interface Added {
    readonly type: 'Added';
    readonly by: number;
  }
  const decider: Decider<Add, number, Added> = {
    initial: 0,
    streamOf: ({ name }) => `counter-${name}`,
    decide: ({ by }) => [{ type: 'Added', by }],
    evolve: (total, { by }) => total + by,
  };
  const saved: StreamChange<number, Added>[][] = [];
  const repository: Repository<Add, number, Added> = eventSourced(decider, {
    save: async (tx, changes) => {
      // The read model is written in the transaction of its events.
      expect(await tx.query('select pg_current_xact_id_if_assigned() is not null as writing')).toEqual([
        { writing: true },
      ]);
      saved.push([...changes]);
    },
  });
  const participant: Participant<Add, number, Added> = {
    ...accountParticipant,
    decider,
    repository,
    choreography: { service: 'order', reactsTo: {}, publishes: { Added: null }, announces: [] },
  };
  const add = (name: string, by: number) =>
    ({
      kind: 'request',
      command: { type: 'Add', name, by },
      cause: cause(),
      answer: (total: number) => total,
    }) as const;

  test('decides on the fold of its stream, across rounds and within one', async () => {
    const round = new Round({ dataSource, participant });
    await round.run([add('a', 1), add('b', 10), add('a', 2)]);
    const outcomes = await round.run([add('a', 3), add('b', 20)]);
    expect(outcomes).toMatchObject([{ answer: 6 }, { answer: 30 }]);
    expect(saved.at(-2)).toEqual([
      {
        stream: 'counter-a',
        state: 3,
        version: 2,
        events: [
          { type: 'Added', by: 1 },
          { type: 'Added', by: 2 },
        ],
      },
      { stream: 'counter-b', state: 10, version: 1, events: [{ type: 'Added', by: 10 }] },
    ]);
  });

  test('decides again on what a stream has become that began elsewhere after its head was looked for', async () => {
    const elsewhere = new Round({ dataSource, participant });
    const late = interrupted(repository, () => elsewhere.run([add('d', 1)]));
    const round = new Round({ dataSource, participant: { ...participant, repository: late } });
    expect(await round.run([add('d', 10)])).toEqual([{ kind: 'decided', events: 1, answer: 11 }]);
  });

  test('refuses to decide on half a story', async () => {
    const round = new Round({ dataSource, participant });
    await round.run([add('c', 1), add('c', 1)]);
    await dataSource.query(`delete from log where stream = 'counter-c'`);
    expect(await round.run([add('c', 1)])).toMatchObject([
      { kind: 'failed', error: { message: 'counter-c has 0 events in the log, but its head says 2' } },
    ]);
  });
});
