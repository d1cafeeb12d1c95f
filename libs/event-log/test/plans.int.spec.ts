import { expect, test } from '@jest/globals';
import { throwAwayDatabase } from '@quadrille/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AgendaClaims } from '../src/agenda-claims.js';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { migrate } from '../src/migrate.js';
import { Round } from '../src/round.js';
import { type Account, accountParticipant, type AccountCommand, type AccountEvent } from './account.js';
import { inNewerVersion, placed, request } from './items.js';

/** Statements are planned once a connection, from what the last analysis has counted, and tables grow. */
test.each<[situation: string, analyzedWith: number | undefined]>([
  ['had not been analyzed', undefined],
  ['were empty', 0],
  ['had one row each', 1],
  ['had twenty rows each', 20],
  ['had a hundred rows each', 100],
])(
  'what is decided reads no more than it names, although its statements were planned while all tables %s',
  async (_, analyzedWith) => {
    const { url, drop } = await throwAwayDatabase();
    await migrate(url, accountParticipant);
    const client = new Client({ connectionString: url });
    await client.connect();
    const fill = async (rows: number) => {
      for (const filler of fillers) await client.query(filler, [rows]);
    };
    // Nobody else analyzes them meanwhile.
    for (const table of tables) await client.query(`alter table ${table} set (autovacuum_enabled = off)`);
    if (analyzedWith !== undefined) {
      await fill(analyzedWith);
      await client.query(`analyze ${tables.join(', ')}`);
    }
    const dataSource = await new DataSource(
      eventLogDataSourceOptions(url, accountParticipant, { poolSize: 1 }),
    ).initialize();
    const reads = async () => {
      // A connection tells what it has read when it ends, or is asked.
      await dataSource.query('select pg_stat_force_next_flush()');
      const { rows } = await client.query<{ name: string; reads: number }>(
        `select relname as name, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as reads
       from pg_stat_user_tables where relname = any ($1)`,
        [tables],
      );
      return new Map(rows.map(({ name, reads }) => [name, reads]));
    };

    await decideAllKinds(dataSource);
    await fill(2000);
    const before = await reads();
    await decideAllKinds(dataSource);
    const after = await reads();
    await dataSource.destroy();
    await client.end();
    await drop();
    const readAsAWhole = [...after].filter(([name, count]) => count - (before.get(name) ?? 0) >= 1000);
    expect(after.size).toBe(tables.length);
    expect(readAsAWhole).toEqual([]);
  },
);

const tables = ['stream_head', 'inbox_default', 'idempotency', 'agenda', 'held_message'];

const fillers = [
  `insert into stream_head (stream, version) select 'filler-' || gen_random_uuid(), 1 from generate_series(1, $1)`,
  `insert into inbox (message_id) select gen_random_uuid() from generate_series(1, $1)`,
  `insert into idempotency (scope, key, body_hash, answer)
   select 'customer c-1', gen_random_uuid(), 'hash', '{}' from generate_series(1, $1)`,
  `insert into agenda (stream, kind, command, due_at, correlation_id, causation_id)
   select 'filler-' || gen_random_uuid(), 'deadline', '{}', now() + interval '1 day', 'spec', 'spec' from generate_series(1, $1)`,
  `insert into held_message (key, kind, message_id, type, body, status, code, reason, correlation_id, causation_id)
   select gen_random_uuid(), 'message', gen_random_uuid(), 'spec', '', 'dead', 'spec', 'spec', 'spec', 'spec' from generate_series(1, $1)`,
];

/** Deliveries, a request that is told its answer again, one that is refused, a task, and a message that is held until it can be read. */
async function decideAllKinds(dataSource: DataSource): Promise<void> {
  const round = new Round<AccountCommand, Account, AccountEvent>({ dataSource, participant: accountParticipant });
  const account = uuidv7();
  const key = () => ({ scope: 'customer c-1', key: uuidv7(), bodyHash: 'hash' });
  const deposit = request({ type: 'Deposit', account, amount: 5 }, key());
  const later = placed(uuidv7(), 1);
  const outcomes = [
    await round.run([placed(account, 5), deposit, inNewerVersion(later)]),
    await round.run([deposit, later, request({ type: 'Withdraw', account, amount: 100 }, key())]),
    await round.run([request({ type: 'Audit', account })]),
  ];
  expect(outcomes.map((round) => round.map(({ kind }) => kind))).toEqual([
    ['decided', 'decided', 'held'],
    ['replayed', 'duplicate', 'refused'],
    ['decided'],
  ]);
  const claims = new AgendaClaims(dataSource, 'task', 'a replica', 60_000);
  const [task] = await claims.claim(10);
  expect(task).toMatchObject({ task: 'audit' });
  const stream = `account-${account}`;
  await claims.extend([stream]);
  expect(await claims.release([{ stream, attempts: 1, delayMs: 60_000 }])).toEqual(new Set([stream]));
  await claims.giveBack([{ stream }]);
}
