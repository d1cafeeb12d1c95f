import { silentLogger } from '@quadrille/observability';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Pool, QueryConfig } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import { gate } from '../test/gate.js';
import { PartitionLeases, type LeaseHolder } from './leases.js';
import { LogSignal } from './log-signal.js';
import { holdPartitions } from './partition-hold.js';
import { startRound } from './round-start.js';
import type { Lease } from './round-types.js';
import { inTransaction } from './transaction.js';

const leaseMs = 1500;
let database: TestDatabase;
let dataSource: DataSource;
const replicas: Replica[] = [];

beforeAll(async () => {
  database = await testDatabase();
  ({ dataSource } = database);
});

afterEach(async () => {
  await Promise.all(replicas.splice(0).map((replica) => replica.stop()));
  await dataSource.query('delete from partition_lease');
});

afterAll(() => database.drop());

/** One replica's leases, and what it was told of them. */
class Replica implements LeaseHolder {
  readonly history: string[] = [];
  readonly leases: PartitionLeases;
  private readonly signal: LogSignal;
  finishing: (partition: number) => Promise<void> = () => Promise.resolve();

  constructor(
    readonly id: string,
    source = dataSource,
  ) {
    this.signal = new LogSignal(dataSource, silentLogger);
    this.leases = new PartitionLeases({
      dataSource: source,
      replicaId: id,
      partitions: 4,
      leaseMs,
      signal: this.signal,
      holder: this,
      logger: silentLogger,
    });
    replicas.push(this);
  }

  start(): this {
    this.signal.start();
    this.leases.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.leases.stop();
    await this.signal.stop();
  }

  acquired({ partition, epoch }: Lease): void {
    this.history.push(`acquired ${partition}/${epoch}`);
  }

  async handOver({ partition, epoch }: Lease): Promise<void> {
    await this.finishing(partition);
    this.history.push(`finished ${partition}/${epoch}`);
  }

  lost({ partition, epoch }: Lease): void {
    this.history.push(`lost ${partition}/${epoch}`);
  }
}

/** The database, before whose statements something else happens. */
function asking(before: (statement: QueryConfig) => Promise<void>): DataSource {
  const pool = (dataSource.driver as PostgresDriver).master as Pool;
  const query = async (statement: QueryConfig) => {
    await before(statement);
    return pool.query(statement);
  };
  return { driver: { master: { query } } } as unknown as DataSource;
}

async function waitingForLock(): Promise<number> {
  const sql = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return (await dataSource.query<unknown[]>(sql)).length;
}

test('replicas that come and go share the partitions, and each change of owner raises the epoch', async () => {
  const first = new Replica('a').start();
  await eventually(() => expect(first.leases.partitions()).toEqual([0, 1, 2, 3]));

  const second = new Replica('b').start();
  await eventually(() => expect([first, second].map(({ leases }) => leases.partitions().length)).toEqual([2, 2]));
  const third = new Replica('c').start();
  await eventually(() =>
    expect([first, second, third].map(({ leases }) => leases.partitions().length)).toEqual([2, 1, 1]),
  );
  expect(new Set([first, second, third].flatMap(({ leases }) => leases.partitions()))).toEqual(new Set([0, 1, 2, 3]));

  await first.stop();
  await third.stop();
  await eventually(() => expect(second.leases.partitions()).toEqual([0, 1, 2, 3]));
  const rows = await dataSource.query<{ owner: string; epoch: string }[]>('select owner, epoch from partition_lease');
  expect(rows.map(({ owner }) => owner)).toEqual(['b', 'b', 'b', 'b']);
  expect(rows.every(({ epoch }) => Number(epoch) >= 2)).toBe(true);
});

test('a partition is handed over only when its work has ended', async () => {
  const first = new Replica('a').start();
  await eventually(() => expect(first.leases.partitions()).toEqual([0, 1, 2, 3]));
  const mayFinish = gate();
  first.finishing = () => mayFinish.opened;

  const second = new Replica('b').start();
  const seen = () => dataSource.query<{ id: string }[]>('select id from replica');
  await eventually(async () => expect(await seen()).toHaveLength(2));
  // Longer than a lease: what finishes slowly stays renewed.
  const end = performance.now() + 1.5 * leaseMs;
  await eventually(() => expect(performance.now()).toBeGreaterThan(end));
  expect(second.leases.partitions()).toEqual([]);

  mayFinish.open();
  await eventually(() => expect(second.leases.partitions()).toHaveLength(2));
  expect(first.history.filter((entry) => entry.startsWith('finished'))).toHaveLength(2);
  expect(first.history.filter((entry) => entry.startsWith('lost'))).toEqual([]);
});

test('a stop hands over at once, though a step is under way, and what that step acquires as soon as it has it', async () => {
  await dataSource.query(
    `insert into partition_lease (partition, owner, epoch, expires_at) values (3, 'other', 1, now() + interval '1 hour')`,
  );
  let acquiring = 0;
  const mayAcquire = gate();
  const source = asking(async ({ text }) => {
    if (text.startsWith('update partition_lease set owner = $1') && ++acquiring === 2) await mayAcquire.opened;
  });
  const first = new Replica('a', source).start();
  await eventually(() => expect(acquiring).toBe(2));
  await dataSource.query('update partition_lease set owner = null, expires_at = null where partition = 3');

  const mayFinish = gate();
  first.finishing = (partition) => (partition === 0 ? mayFinish.opened : Promise.resolve());
  const stopped = first.stop();
  const acquired = ['acquired 0/1', 'acquired 1/1', 'acquired 2/1'];
  const finished = ['finished 1/1', 'finished 2/1'];
  await eventually(() => expect(first.history).toEqual([...acquired, ...finished]));
  mayAcquire.open();
  await eventually(() => expect(first.history.slice(5)).toEqual(['acquired 3/2', 'finished 3/2']));
  mayFinish.open();
  await stopped;
  expect(first.history.slice(7)).toEqual(['finished 0/1']);
  expect(await dataSource.query('select partition from partition_lease where owner is not null')).toEqual([]);
});

test('a silent owner loses its partitions when its leases expire, and learns of it when it wakes', async () => {
  let frozen = false;
  const thaw = gate();
  const freezing = asking(async () => {
    if (frozen) await thaw.opened;
  });
  const first = new Replica('a', freezing).start();
  await eventually(() => expect(first.leases.partitions()).toEqual([0, 1, 2, 3]));

  frozen = true;
  const second = new Replica('b').start();
  await eventually(() => expect(second.leases.partitions()).toEqual([0, 1, 2, 3]));

  frozen = false;
  thaw.open();
  await eventually(() => expect(first.history.filter((entry) => entry.startsWith('lost'))).toHaveLength(4));
  await eventually(() => expect([first, second].map(({ leases }) => leases.partitions().length)).toEqual([2, 2]));
});

test('a replica whose heartbeat took longer than a lease does not take itself for dead', async () => {
  let beats = 0;
  const source = asking(async ({ text }) => {
    if (!text.startsWith('select id from replica')) return;
    await dataSource.query(`update replica set expires_at = now() - interval '1 second' where id = 'a'`);
    beats++;
  });
  const first = new Replica('a', source).start();
  await eventually(() => expect(first.leases.partitions()).toEqual([0, 1, 2, 3]));
  const before = beats;
  await eventually(() => expect(beats).toBeGreaterThan(before + 2));
  expect(first.history.filter((entry) => !entry.startsWith('acquired'))).toEqual([]);
});

test('whoever takes all partitions to move them waits for the round that is in flight', async () => {
  await dataSource.query(`insert into partition_lease (partition, owner, epoch) values (0, 'a', 1), (1, 'b', 1)`);
  const round = dataSource.createQueryRunner();
  await round.startTransaction();
  await round.query('select 1 from partition_lease where partition = 1 for key share');
  let isHeld = false;
  const held = holdPartitions(dataSource, 'mover', 60_000).then(() => (isHeld = true));
  await eventually(async () => expect(await waitingForLock()).toBe(1));
  expect(isHeld).toBe(false);
  await round.commitTransaction();
  await round.release();
  await held;
  expect(await dataSource.query('select distinct owner from partition_lease')).toEqual([{ owner: 'mover' }]);
});

test('a round that waits for one of its leases keeps none that comes behind it', async () => {
  // Not in this order on the page.
  await dataSource.query(`insert into partition_lease (partition, owner, epoch, expires_at)
    select partition, 'a', 1, now() + interval '1 hour' from unnest(array[1, 0]) partition`);
  const [mover, other] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  await mover.startTransaction();
  await mover.query('select 1 from partition_lease where partition = 0 for update');
  const leases = [0, 1].map((partition) => ({ partition, owner: 'a', epoch: 1 }));
  const started = inTransaction(dataSource, 'round', (tx) => startRound(tx, leases));
  await eventually(async () => expect(await waitingForLock()).toBe(1));
  await other.query('select 1 from partition_lease where partition = 1 for update nowait');
  await mover.commitTransaction();
  await expect(started).resolves.toMatch(/Z$/);
  await Promise.all([mover.release(), other.release()]);
});

test('an owner whose round is in flight is not overtaken, although its lease has expired', async () => {
  await dataSource.query(
    `insert into partition_lease (partition, owner, epoch, expires_at) values (0, 'gone', 7, now() - interval '1 minute')`,
  );
  const round = dataSource.createQueryRunner();
  await round.startTransaction();
  await round.query('select 1 from partition_lease where partition = 0 for share');

  const heir = new Replica('a').start();
  await eventually(() => expect(heir.leases.partitions()).toEqual([1, 2, 3]));
  await round.commitTransaction();
  await round.release();
  await eventually(() => expect(heir.leases.leaseOf(0)?.epoch).toBe(8));
});
