import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { plantFailpoint } from '@quadrille/observability';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { eventLogDataSourceOptions } from '../src/data-source.js';
import { isTransient, LeaseLost } from '../src/faults.js';
import { logLock, readStream } from '../src/log.js';
import { Round } from '../src/round.js';
import { inTransaction } from '../src/transaction.js';
import { accountDatabase, type AccountDatabase } from './account-database.js';
import { accountParticipant } from './account.js';
import { placed, request } from './items.js';

let database: AccountDatabase;
const pulls: (() => void)[] = [];
beforeAll(async () => {
  database = await accountDatabase();
});
afterAll(() => database.end());
afterEach(() => {
  for (const pull of pulls.splice(0)) pull();
});

const plant = (name: string, action: (pass: number) => Promise<void> | void) => {
  let pass = 0;
  pulls.push(plantFailpoint(name, () => action((pass += 1))));
};
const versionsOf = async (account: string) =>
  (await readStream(database.dataSource.manager, `account-${account}`)).map(({ version }) => version);

describe('the log', () => {
  test('is read by position without a gap, however long a writer takes to commit', async () => {
    const [slow, quick] = [uuidv7(), uuidv7()];
    let commitSlow: () => void = () => undefined;
    const slowMayCommit = new Promise<void>((resolve) => (commitSlow = resolve));
    let slowHasAppended: () => void = () => undefined;
    const appended = new Promise<void>((resolve) => (slowHasAppended = resolve));
    plant('round.committing', (pass) => {
      if (pass > 1) return;
      slowHasAppended();
      return slowMayCommit;
    });
    const slowRound = database.round.run([placed(slow, 1)]);
    await appended;
    const quickRound = database.round.run([placed(quick, 1)]);
    await waitsForTheLog(1);
    // The quick one cannot commit a higher position before the slow one's lower position can be seen.
    expect(await versionsOf(quick)).toEqual([]);
    commitSlow();
    await Promise.all([slowRound, quickRound]);
    const order = await database.query<{ stream: string }>(
      `select stream from log where stream = any ($1) order by position`,
      [[slow, quick].map((account) => `account-${account}`)],
    );
    expect(order.map(({ stream }) => stream)).toEqual([`account-${slow}`, `account-${quick}`]);
  });

  test('draws positions while it holds its lock, so that their order is the order of commits', async () => {
    const drawn = () => database.query('select last_value, is_called from log_position');
    const before = await drawn();
    const other = database.dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query('select pg_advisory_xact_lock($1)', [logLock]);
    const round = database.round.run([placed(uuidv7(), 1)]);
    await waitsForTheLog(1);
    // A sequence shows what is drawn at once, committed or not.
    const whileWaiting = await drawn();
    await other.commitTransaction();
    await other.release();
    await round;
    expect(whileWaiting).toEqual(before);
    expect(await drawn()).not.toEqual(before);
  });

  test('shows a reader that goes by position every event, while many write', async () => {
    const accounts = Array.from({ length: 60 }, () => uuidv7());
    let writing = true;
    const seen: string[] = [];
    const reader = (async () => {
      let position = '0';
      for (let last = false; !last;) {
        last = !writing;
        const rows = await database.query<{ position: string; stream: string }>(
          'select position, stream from log where position > $1 order by position',
          [position],
        );
        seen.push(...rows.map(({ stream }) => stream));
        position = rows.at(-1)?.position ?? position;
      }
    })();
    await Promise.all(accounts.map((account) => database.round.run([placed(account, 1)])));
    writing = false;
    await reader;
    for (const account of accounts) expect(seen).toContain(`account-${account}`);
  });
});

describe('a lease', () => {
  const lease = { partition: 0, owner: 'me', epoch: 3 };
  const own = (owner: string, epoch: number, expires: string) =>
    database.query(
      `insert into partition_lease values (0, $1, $2, now() + $3::interval)
       on conflict (partition) do update set owner = excluded.owner, epoch = excluded.epoch, expires_at = excluded.expires_at`,
      [owner, epoch, expires],
    );

  test('that is valid lets the round commit', async () => {
    await own('me', 3, '1 minute');
    expect(await database.round.run([placed(uuidv7(), 1)], { leases: [lease] })).toEqual([
      { kind: 'decided', events: 1 },
    ]);
  });

  test.each([
    ['expired', 'me', 3, '-1 second'],
    ['taken by another', 'you', 4, '1 minute'],
    ['of an earlier epoch', 'me', 4, '1 minute'],
  ])('that is %s refuses the round and stores nothing', async (_, owner, epoch, expires) => {
    await own(owner, epoch, expires);
    const account = uuidv7();
    const item = placed(account, 1);
    await expect(database.round.run([item], { leases: [lease] })).rejects.toThrow(LeaseLost);
    await expect(database.round.hold(item, { code: 'x', reason: 'y' }, { leases: [lease] })).rejects.toThrow(LeaseLost);
    expect(await versionsOf(account)).toEqual([]);
    expect(await database.query('select * from inbox where message_id = $1', [item.messageId])).toEqual([]);
  });

  test('cannot be taken over while a round that checked it may still commit', async () => {
    await own('me', 3, '1 minute');
    let takeover: Promise<unknown> = Promise.resolve();
    let tookOver = false;
    plant('round.committing', async () => {
      takeover = database
        .query(
          `update partition_lease set owner = 'you', epoch = 4
           where partition = (select partition from partition_lease where partition = 0 for update)`,
        )
        .then(() => (tookOver = true));
      await isWaitedFor('set owner = ');
      expect(tookOver).toBe(false);
    });
    await database.round.run([placed(uuidv7(), 1)], { leases: [lease] });
    await takeover;
    expect(tookOver).toBe(true);
  });
});

describe('a connection that breaks', () => {
  const killOwn = () =>
    database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and state = 'idle in transaction'`,
    );

  test.each(['round.deciding', 'round.committing'])(
    'at %s leaves nothing, and the batch is run again',
    async (name) => {
      const account = uuidv7();
      plant(name, async (pass) => {
        if (pass === 1) await killOwn();
      });
      const outcomes = await database.round.run([placed(account, 1), request({ type: 'Deposit', account, amount: 2 })]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['decided', 'decided']);
      expect(await versionsOf(account)).toEqual([1, 2]);
    },
  );

  test('with the answer to COMMIT gives the effects once', async () => {
    const account = uuidv7();
    const proxy = await losesAnswersToCommit(database.url, 1);
    const dataSource = await new DataSource(eventLogDataSourceOptions(proxy.url, accountParticipant)).initialize();
    try {
      const round = new Round({ dataSource, participant: accountParticipant });
      const item = placed(account, 1);
      const asked = request({ type: 'Deposit', account, amount: 2 }, { scope: 's', key: account, bodyHash: 'h' });
      expect(await round.run([item, asked])).toEqual([
        { kind: 'duplicate' },
        { kind: 'replayed', answer: { version: 2, balance: 3 } },
      ]);
      expect(proxy.lost()).toBe(1);
      expect(await versionsOf(account)).toEqual([1, 2]);
    } finally {
      await dataSource.destroy();
      await proxy.close();
    }
  });

  test('for good rejects with RoundUnavailable, and the caller keeps its messages', async () => {
    const account = uuidv7();
    const item = placed(account, 1);
    plant('round.committing', async () => {
      await killOwn();
    });
    await expect(database.round.run([item])).rejects.toMatchObject({ name: 'RoundUnavailable' });
    for (const pull of pulls.splice(0)) pull();
    expect(await database.round.run([item])).toEqual([{ kind: 'decided', events: 1 }]);
  });

  test.each([true, false])(
    'or only falls silent does not carry its transaction into the next one (pipeline: %s)',
    async (pipeline) => {
      const id = uuidv7();
      const options = eventLogDataSourceOptions(database.url, accountParticipant, { poolSize: 1 });
      const dataSource = await new DataSource({
        ...options,
        extra: { ...(options.extra as object), query_timeout: 1000, pipeline },
      }).initialize();
      try {
        const silent = inTransaction(dataSource, 'test', async (tx) => {
          await tx.query('insert into inbox (message_id) values ($1)', [id]);
          // It ends while the next transaction waits behind it, and not the rollback of this one.
          await tx.query('select pg_sleep(2.5)');
        });
        await expect(silent).rejects.toThrow('Query read timeout');
        await fact(async () => inTransaction(dataSource, 'test', () => Promise.resolve(true)).catch(() => false));
        expect(await database.query('select * from inbox where message_id = $1', [id])).toEqual([]);
      } finally {
        await dataSource.destroy();
      }
    },
  );

  test('is not used again', async () => {
    for (let i = 0; i < 4; i++) {
      plant('round.deciding', async (pass) => {
        if (pass === 1) await killOwn();
      });
      await database.round.run([placed(uuidv7(), 1)]);
    }
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});

test('a migration that changes what a prepared statement answers with is met once, and by no message', async () => {
  const read = () =>
    inTransaction(database.dataSource, 'test', (tx) => tx.query('select n from migrated where n > $1', [0]));
  await database.query('create table migrated as select 1 as n');
  expect(await read()).toEqual([{ n: 1 }]);
  await database.query('alter table migrated alter column n type numeric using 2');
  const met = await read().catch((error: unknown) => error);
  expect(isTransient(met)).toBe(true);
  expect(await read()).toEqual([{ n: '2' }]);
});

test('a log without room for new positions is nobody’s fault: the caller keeps its messages', async () => {
  const item = placed(uuidv7(), 1);
  const [before] = await database.query<{ position: string }>('select last_value as position from log_position');
  await database.query(`select setval('log_position', 900000000000)`);
  try {
    await expect(database.round.run([item])).rejects.toMatchObject({ name: 'RoundUnavailable' });
  } finally {
    await database.query(`select setval('log_position', $1)`, [before?.position]);
  }
  expect(await database.round.run([item])).toEqual([{ kind: 'decided', events: 1 }]);
});

async function waitsForTheLog(writers: number): Promise<void> {
  await fact(async () => {
    const [row] = await database.query<{ waiting: number }>(
      `select count(*)::int as waiting from pg_locks
       where locktype = 'advisory' and not granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    return row?.waiting === writers;
  });
}

async function isWaitedFor(statement: string): Promise<void> {
  await fact(async () => {
    const rows = await database.query(
      `select 1 from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and position($1 in query) > 0`,
      [statement],
    );
    return rows.length > 0;
  });
}

async function fact(isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await isTrue())) if (Date.now() > end) throw new Error('it did not become true');
}

/** A TCP proxy that passes the first COMMITs on to the server and breaks the connection in place of the answer. */
async function losesAnswersToCommit(url: string, times: number) {
  const { port, hostname } = new URL(url);
  const sockets = new Set<Socket>();
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let committing = false;
    sockets.add(client).add(upstream);
    client.on('data', (data) => {
      committing = data.includes('commit');
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (committing && data.includes('COMMIT') && lost < times) {
        lost += 1;
        client.destroy();
        upstream.destroy();
      } else client.write(data);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxied = new URL(url);
  proxied.hostname = '127.0.0.1';
  proxied.port = String((server.address() as AddressInfo).port);
  return {
    url: proxied.href,
    lost: () => lost,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
