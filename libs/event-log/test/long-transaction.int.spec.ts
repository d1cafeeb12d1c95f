import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Client } from 'pg';
import { testDatabase, type TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import type { Command } from './participant.js';
import { TestPublisher } from './publisher.js';
import { noteMessage, TestQueue } from './queue.js';
import { replica, type TestEventLog } from './replica.js';

const orders = 200;
/** Of one order. */
const events = 3;
const announced = 2;

/** A service at work on a database of its own, and perhaps a stranger on the same server who does not come to an end. */
class World {
  readonly publisher = new TestPublisher(() => 'confirm');
  private readonly queue = new TestQueue();
  private readonly log: TestEventLog;
  private readonly started = performance.now();
  private stranger: Client | undefined;

  private constructor(private readonly database: TestDatabase) {
    this.log = replica(database, { publisher: this.publisher, queues: [this.queue] });
  }

  static async open(): Promise<World> {
    const world = new World(await testDatabase());
    await world.log.start();
    return world;
  }

  get workedMs(): number {
    return performance.now() - this.started;
  }

  /** Begins a transaction that has a snapshot and has written. */
  async beginLongTransaction(where: 'same' | 'other'): Promise<void> {
    const url = where === 'same' ? this.database.url : new URL('/postgres', this.database.url).href;
    this.stranger = new Client({ connectionString: url });
    await this.stranger.connect();
    await this.stranger.query('begin isolation level repeatable read');
    await this.stranger.query('select pg_current_xact_id(), count(*) from pg_class');
  }

  async longTransactionIsOpen(): Promise<boolean> {
    const [row] = (await this.stranger?.query<{ open: boolean }>(
      'select pg_current_xact_id_if_assigned() is not null as open',
    ))!.rows;
    return row?.open ?? false;
  }

  async endLongTransaction(): Promise<void> {
    await this.stranger?.query('commit');
  }

  /** Orders are opened with a deadline, noted by message and confirmed; resolves when the relay has said all of it. */
  async work(): Promise<void> {
    const dueAt = new Date(Date.now() + 86_400_000).toISOString();
    const ids = Array.from({ length: orders }, () => randomUUID());
    await Promise.all(ids.map((orderId) => this.send({ type: 'Open', orderId, dueAt })));
    for (const orderId of ids) this.queue.send(noteMessage(orderId).body);
    await eventually(() => expect(this.queue.length).toBe(0));
    await Promise.all(ids.map((orderId) => this.send({ type: 'Confirm', orderId })));
    await eventually(async () => {
      const [relay] = await this.query<{ behind: string }>(
        'select (select max(position) from log) - position as behind from relay',
      );
      expect(relay?.behind).toBe('0');
    });
  }

  /** What each table takes, and how many versions of rows were written to it, also by rounds that were repeated. */
  async sizes(): Promise<Record<string, { bytes: number; versions: number }>> {
    const rows = await this.query<{ name: string; bytes: string; versions: string }>(
      `select relname as name, pg_total_relation_size(relid) as bytes, n_tup_ins + n_tup_upd as versions
       from pg_stat_user_tables where relname = any ($1) or relname like 'log_p%' or relname like 'inbox_%'`,
      [['stream_head', 'agenda', 'relay', 'replica', 'partition_lease', 'held_message', 'idempotency', 'test_order']],
    );
    return Object.fromEntries(
      rows.map(({ name, bytes, versions }) => [name, { bytes: Number(bytes), versions: Number(versions) }]),
    );
  }

  /** What PostgreSQL has counted; it may come a second late. */
  async counted(tables: string): Promise<{ updated: number; dead: number; inserted: number }> {
    const [row] = await this.query<{ updated: string; dead: string; inserted: string }>(
      `select sum(n_tup_upd) as updated, sum(n_dead_tup) as dead, sum(n_tup_ins) as inserted
       from pg_stat_user_tables where relname like $1`,
      [tables],
    );
    return { updated: Number(row?.updated), dead: Number(row?.dead), inserted: Number(row?.inserted) };
  }

  async vacuum(): Promise<void> {
    await this.database.dataSource.query('vacuum agenda, relay');
  }

  async close(): Promise<void> {
    await this.log.stop();
    await this.stranger?.end();
    await this.database.drop();
  }

  private send(command: Command) {
    return this.log.commands.send(command, {
      cause: { correlationId: 'c', causationId: 'c' },
      answer: (state) => state,
    });
  }

  private query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.database.dataSource.query<Row[]>(sql, parameters);
  }
}

/** What the same work takes when nobody is in the way. */
let undisturbed: Awaited<ReturnType<World['sizes']>>;

beforeAll(async () => {
  const world = await World.open();
  await world.work();
  await eventually(async () => expect((await world.counted('log_p%')).inserted).toBe(orders * events));
  undisturbed = await world.sizes();
  await world.close();
});

describe.each([
  ['in the same database', 'same'],
  ['in another database of the server', 'other'],
] as const)('while a transaction stays open %s', (_name, where) => {
  let world: World;

  beforeAll(async () => {
    world = await World.open();
    await world.beginLongTransaction(where);
    await world.work();
  });

  afterAll(() => world.close());

  test('everything is decided and announced, and the checkpoint is at the end', async () => {
    expect(new Set(world.publisher.sent.map(({ id }) => id)).size).toBe(orders * announced);
    expect(await world.longTransactionIsOpen()).toBe(true);
  });

  test('the log and the inbox hold what was written and no dead rows', async () => {
    await eventually(async () => {
      expect(await world.counted('log_p%')).toEqual({ updated: 0, dead: 0, inserted: orders * events });
      expect(await world.counted('inbox_%')).toEqual({ updated: 0, dead: 0, inserted: orders });
    });
  });

  test('no table is noticeably larger than without it, for the same number of rows written', async () => {
    await eventually(async () => {
      for (const [table, { bytes, versions }] of Object.entries(await world.sizes())) {
        const alone = undisturbed[table] ?? { bytes: 0, versions: 0 };
        const more = Math.max(1, versions / Math.max(1, alone.versions));
        expect([table, Math.max(0, bytes - 1.5 * more * alone.bytes - 32_768)]).toEqual([table, 0]);
      }
    });
  });

  test('the row of the checkpoint grows with the time and not with the events', async () => {
    await eventually(async () => {
      const { updated } = await world.counted('relay');
      expect(updated).toBeGreaterThan(0);
      expect(updated).toBeLessThan(world.workedMs / 25 + 10);
    });
  });

  test(`what it leaves behind is used again ${where === 'same' ? 'after it' : 'already meanwhile'}`, async () => {
    // The snapshots that count are those of this database; ours are over in a moment.
    if (where === 'same') await world.endLongTransaction();
    // Pages of an index split by chance, and a round that is repeated leaves rows twice: a table whose room is used again stops
    // growing after some works, one whose room is lost grows with each.
    const sizes: number[][] = [];
    do {
      await eventually(async () => {
        await world.vacuum();
        expect((await world.counted('agenda')).dead).toBe(0);
      });
      await world.work();
      const { agenda, relay } = await world.sizes();
      sizes.push([agenda!.bytes, relay!.bytes]);
    } while (sizes.length < 12 && !isDeepStrictEqual(sizes.at(-1), sizes.at(-2)));
    expect(sizes.at(-1)).toEqual(sizes.at(-2));
  });
});
