import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventLogDataSourceOptions, migrate } from '@quadrille/event-log';
import { declareTopology } from '@quadrille/messaging';
import { throwAwayBroker, throwAwayPostgres, type ThrowAwayBroker, type ThrowAwayPostgres } from '@quadrille/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { readDatabaseFacts } from '../src/preflight/database-facts.js';
import { clockDifferenceMs } from '../src/preflight/database-judgement.js';
import { startService } from '../src/run-service.js';
import { StartupError } from '../src/startup-error.js';
import { eventually } from './eventually.js';
import { tables, tinyParticipant } from './tiny-participant.js';
import { adminToken, partitions } from './tiny-servers.js';
import { TinyModule } from './tiny.module.js';

let postgres: ThrowAwayPostgres;
let admin: Client;
let broker: ThrowAwayBroker;

beforeAll(async () => {
  [postgres, broker] = await Promise.all([throwAwayPostgres(), throwAwayBroker()]);
  admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  await Promise.all([migrate(postgres.url, tinyParticipant), declare(tables)]);
});

afterAll(async () => {
  await admin.end();
  await Promise.all([postgres.end(), broker.drop()]);
});

function declare(wanted: typeof tables): Promise<void> {
  return declareTopology({ url: broker.url, tables: wanted, partitions });
}

/** Resolves when the service runs, and stops it; rejects with what ends its start. */
async function run(more: Readonly<Record<string, string>> = {}): Promise<void> {
  Object.assign(process.env, {
    DATABASE_URL: postgres.url,
    AMQP_URL: broker.url,
    HTTP_PORT: '0',
    ADMIN_TOKEN: adminToken,
    PARTITIONS: String(partitions),
    LOG_LEVEL: 'error',
    SHUTDOWN_WAIT_MS: '0',
    ALLOW_UNSAFE_SERVERS: '0',
    INBOX_RETENTION_DAYS: '',
    LOG_RETENTION_DAYS: '',
    NODE_ENV: 'test',
    ...more,
  });
  const { app, started } = await startService(TinyModule, tinyParticipant);
  try {
    await started;
  } finally {
    await app.close();
  }
}

/** The sentences that end the start. */
async function refusal(more: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const error: unknown = await run(more).then(
    () => 'it runs',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartupError);
  return (error as StartupError).message.split('\n');
}

/** Turns settings of the whole server, and back when `work` is done. */
async function withSettings(settings: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
  const turn = async (sql: (name: string, value: string) => string, wanted: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(settings)) await admin.query(sql(name, value));
    await admin.query('select pg_reload_conf()');
    for (const [name, value] of Object.entries(wanted))
      await eventually(async () => {
        const { rows } = await admin.query<{ now: string }>('select current_setting($1) as now', [name]);
        expect(rows).toEqual([{ now: value }]);
      });
  };
  const names = Object.keys(settings);
  try {
    await turn((name, value) => `alter system set ${name} = ${value}`, settings);
    await work();
  } finally {
    await turn((name) => `alter system reset ${name}`, Object.fromEntries(names.map((name) => [name, 'on'])));
  }
}

describe('a service on a database', () => {
  it('that keeps what it commits runs without any permission, in production too', async () => {
    await run({ NODE_ENV: 'production' });
  });

  it('with fsync=off does not run, and says so', async () => {
    await withSettings({ fsync: 'off' }, async () => {
      expect(await refusal()).toEqual([
        'PostgreSQL runs with fsync=off, so a crash of its machine can lose or damage what was committed: set fsync=on in its configuration and reload it.',
      ]);
    });
  });

  it.each([
    ['role', 'alter role postgres'],
    ['database', 'alter database postgres'],
  ])('with synchronous_commit=off for its %s does not run', async (_whose, alter) => {
    await admin.query(`${alter} set synchronous_commit = off`);
    try {
      expect(await refusal()).toEqual([expect.stringMatching(/synchronous_commit=off for this role or database/)]);
    } finally {
      await admin.query(`${alter} reset synchronous_commit`);
    }
    await run();
  });

  it('that can lose all hears of every fault at once, and runs only where it is allowed', async () => {
    await withSettings({ fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }, async () => {
      expect(await refusal()).toEqual([
        expect.stringContaining('fsync=off'),
        expect.stringContaining('full_page_writes=off'),
        expect.stringContaining('synchronous_commit=off'),
      ]);
      await run({ ALLOW_UNSAFE_SERVERS: '1' });
      expect(await refusal({ ALLOW_UNSAFE_SERVERS: '1', NODE_ENV: 'production' })).toEqual([
        'ALLOW_UNSAFE_SERVERS=1 is for tests and refused with NODE_ENV=production: unset it.',
      ]);
    });
  });

  it("has its rounds in read committed whatever the database's default is", async () => {
    await admin.query(`alter database postgres set default_transaction_isolation = serializable`);
    try {
      await run();
    } finally {
      await admin.query(`alter database postgres reset default_transaction_isolation`);
    }
  });
});

describe('the facts of a database', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await new DataSource(eventLogDataSourceOptions(postgres.url, tinyParticipant)).initialize();
  });
  afterAll(() => dataSource.destroy());

  it('are what the session has', async () => {
    const facts = await readDatabaseFacts(dataSource);
    expect(facts).toMatchObject({
      versionNumber: expect.any(Number),
      fsync: 'on',
      fullPageWrites: 'on',
      synchronousCommit: 'on',
      isolation: 'read committed',
      isStandby: false,
    });
    expect(Math.floor(facts.versionNumber / 10_000)).toBe(Number.parseInt(facts.version));
    expect(clockDifferenceMs(facts.clock)).toBe(0);
  });

  it.each([60_000, -60_000])('tell a clock that is %i ms off', async (offMs) => {
    const trueNow = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => trueNow() + offMs);
    try {
      const { clock: reading } = await readDatabaseFacts(dataSource);
      const onTheWayMs = reading.answeredAtMs - reading.askedAtMs;
      expect(Math.abs(clockDifferenceMs(reading) - offMs)).toBeLessThanOrEqual(onTheWayMs + 1);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('a service on a broker', () => {
  it('that another version was set up for does not run, and hears of the database at the same time', async () => {
    await declare(tables.map((table) => (table.service === 'order' ? { ...table, hears: [] } : table)));
    await withSettings({ fsync: 'off' }, async () => {
      expect(await refusal()).toEqual([
        expect.stringContaining('fsync=off'),
        "order hears payment.captured.v1, but the broker does not bring it; run this version's setup step.",
      ]);
    });
    await declare(tables);
    await run();
  });
});

describe('a configuration', () => {
  it('that contradicts itself ends the start before any server is asked', async () => {
    const nowhere = { DATABASE_URL: 'postgres://order@127.0.0.1:1/order', AMQP_URL: 'amqp://127.0.0.1:1' };
    expect(await refusal({ ...nowhere, INBOX_RETENTION_DAYS: '3', LOG_RETENTION_DAYS: '30' })).toEqual([
      expect.stringMatching(/^INBOX_RETENTION_DAYS=3 .* REPLAY_HORIZON_DAYS=7 .*: set it to 8 or more\.$/),
      'LOG_RETENTION_DAYS=30 would drop what the states of order are made of: unset it.',
    ]);
  });
});
