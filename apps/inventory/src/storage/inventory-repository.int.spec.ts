import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventLogDataSourceOptions, migrate, Round, type Outcome, type Transaction } from '@quadrille/event-log';
import { silentLogger, type Logger } from '@quadrille/observability';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@quadrille/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Inventory, InventoryCommand, InventoryEvent, StockLevel, StockLine } from '../domain/index.js';
import { inventoryParticipant } from '../participant.js';
import { ReservationRow } from './reservation-row.js';
import { Stock } from './stock.js';

let database: ThrowAwayDatabase;
let dataSource: DataSource;
let round: Round<InventoryCommand, Inventory, InventoryEvent>;

beforeAll(async () => {
  database = await throwAwayDatabase();
  await migrate(database.url, inventoryParticipant);
  dataSource = await new DataSource(eventLogDataSourceOptions(database.url, inventoryParticipant)).initialize();
  round = new Round({ dataSource, participant: inventoryParticipant });
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

describe('a batch', () => {
  it('shares the levels of a hot SKU: each order sees what the orders before it left', async () => {
    const orders = ids(100);
    const outcomes = await send(receive('HOT-1', 150), ...orders.map((id) => reserve(id, [line('HOT-1', 2)])));
    expect(outcomes).toHaveLength(101);
    expect(await statusesOf(orders)).toEqual([...Array(75).fill('held'), ...Array(25).fill('rejected')]);
    expect(await levelOf('HOT-1')).toEqual({ received: 150, available: 0, held: 150, committed: 0 });
  });

  it('takes two statements to load and two to save, however many orders and SKUs it has', async () => {
    const statements: string[] = [];
    const watched = new Round({
      dataSource,
      participant: {
        ...inventoryParticipant,
        repository: {
          load: async (tx, commands) => {
            const workingSet = await inventoryParticipant.repository.load(noting(tx, statements), commands);
            return {
              read: (command) => workingSet.read(command),
              write: (...written) => workingSet.write(...written),
              save: (tx) => workingSet.save(noting(tx, statements)),
            };
          },
        },
      },
    });
    const skus = Array.from({ length: 30 }, (_, index) => `MANY-${index}`);
    const orders = ids(100);
    await watched.run(
      [
        ...skus.map((sku) => receive(sku, 1000)),
        ...orders.map((id) =>
          reserve(
            id,
            skus.map((sku) => line(sku, 1)),
          ),
        ),
        ...orders.slice(50).map((id) => release(id)),
      ].map(requested),
    );
    expect(statements.map((sql) => sql.trim().split(/\s+/)[0])).toEqual(['select', 'select', 'insert', 'insert']);
    expect(await levelOf('MANY-29')).toEqual({ received: 1000, available: 950, held: 50, committed: 0 });
  });

  it('reserves all lines of an order or none', async () => {
    const [order = ''] = ids(1);
    await send(receive('WHOLE-1', 5), receive('WHOLE-2', 1), reserve(order, [line('WHOLE-1', 5), line('WHOLE-2', 2)]));
    expect(await statusesOf([order])).toEqual(['rejected']);
    expect(await levelOf('WHOLE-1')).toEqual({ received: 5, available: 5, held: 0, committed: 0 });
  });
});

describe('a reservation', () => {
  it('is found again in every state it can have', async () => {
    const [held = '', committed = '', released = '', returned = '', rejected = '', closed = ''] = ids(6);
    const orders = [held, committed, released, returned, rejected, closed];
    await send(receive('STATES', 40));
    await send(release(closed), reserve(rejected, [line('STATES', 41)]));
    await send(...[held, committed, released, returned].map((id) => reserve(id, [line('STATES', 10)])));
    await send(commit(committed), commit(returned), release(released));
    await send(release(returned));
    expect(await statusesOf(orders)).toEqual(['held', 'committed', 'released', 'released', 'rejected', 'closed']);
    expect(await levelOf('STATES')).toEqual({ received: 40, available: 20, held: 10, committed: 10 });

    const again = await send(
      ...orders.map((id) => reserve(id, [line('STATES', 10)])),
      commit(committed),
      commit(closed),
      release(released),
      release(rejected),
    );
    expect(again.map((outcome) => outcome.kind === 'decided' && outcome.events)).toEqual(Array(10).fill(0));
    expect(await levelOf('STATES')).toEqual({ received: 40, available: 20, held: 10, committed: 10 });
  });

  it('has the version of its stream', async () => {
    const [order = ''] = ids(1);
    await send(receive('VERSIONED', 1), reserve(order, [line('VERSIONED', 1)]), commit(order));
    const row = await dataSource.getRepository(ReservationRow).findOneByOrFail({ orderId: order });
    expect(row).toEqual({ orderId: order, status: 'committed', lines: [line('VERSIONED', 1)], version: 2 });
  });

  it('of a SKU that was never received is rejected and leaves no row of stock', async () => {
    const [order = ''] = ids(1);
    await send(reserve(order, [line('NEVER', 1)]));
    expect(await statusesOf([order])).toEqual(['rejected']);
    expect(await dataSource.getRepository(Stock).findOneBy({ sku: 'NEVER' })).toBeNull();
  });
});

describe('rounds at the same time', () => {
  const retried: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    debug: (fields) => 'reason' in fields && retried.push(String(fields.reason)),
  };
  let replica: DataSource;

  beforeAll(async () => {
    replica = await new DataSource(eventLogDataSourceOptions(database.url, inventoryParticipant)).initialize();
  });

  afterAll(() => replica.destroy());

  it('of two replicas never sell more of a hot SKU than there is', async () => {
    await send(receive('RUSH', 100));
    const orders = ids(400);
    await concurrently(
      inBatchesOf(
        10,
        orders.map((id) => reserve(id, [line('RUSH', 1)])),
      ),
    );
    const statuses = await statusesOf(orders);
    expect(statuses.filter((status) => status === 'held')).toHaveLength(100);
    expect(statuses.filter((status) => status === 'rejected')).toHaveLength(300);
    expect(await levelOf('RUSH')).toEqual({ received: 100, available: 0, held: 100, committed: 0 });
  });

  it('do not wait for each other in a circle when orders name the same SKUs in opposite directions', async () => {
    await send(receive('LEFT', 1000), receive('RIGHT', 1000));
    const orders = ids(100);
    const lines = [line('LEFT', 1), line('RIGHT', 1)];
    const reservations = orders.map((id, index) => reserve(id, index % 2 ? lines : lines.toReversed()));
    const outcomes = await concurrently(inBatchesOf(3, reservations));
    expect(outcomes.every(({ kind }) => kind === 'decided')).toBe(true);
    expect(retried.filter((reason) => reason.includes('deadlock'))).toEqual([]);
    expect(await levelOf('RIGHT')).toEqual({ received: 1000, available: 900, held: 100, committed: 0 });
  });

  it('receive a new SKU together, and nothing is forgotten', async () => {
    await concurrently(Array.from({ length: 20 }, () => [receive('FRESH', 3)]));
    expect(await levelOf('FRESH')).toEqual({ received: 60, available: 60, held: 0, committed: 0 });
  });

  /** Every batch is a round of its own, half of them on each replica. */
  async function concurrently(batches: readonly (readonly InventoryCommand[])[]): Promise<Outcome[]> {
    const first = new Round({ dataSource, participant: inventoryParticipant, logger });
    const second = new Round({ dataSource: replica, participant: inventoryParticipant, logger });
    const results = await Promise.all(
      batches.map((batch, index) => (index % 2 ? first : second).run(batch.map(requested))),
    );
    return results.flat();
  }
});

describe('the table of stock', () => {
  it('refuses a decision that takes what is not there, and nothing of it is stored', async () => {
    const [order = ''] = ids(1);
    const careless = new Round({
      dataSource,
      participant: {
        ...inventoryParticipant,
        decider: {
          ...inventoryParticipant.decider,
          decide: () => [{ type: 'Reserved' as const, orderId: order, lines: [line('NET', 2)] }],
          evolve: ({ levels }) => ({
            reservation: { status: 'held' as const, lines: [line('NET', 2)] },
            levels: { ...levels, NET: { received: 1, available: -1, held: 2, committed: 0 } },
          }),
        },
      },
    });
    await send(receive('NET', 1));
    const [outcome] = await careless.run([requested(reserve(order, [line('NET', 2)]))]);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('stock_available_check') },
    });
    expect(await statusesOf([order])).toEqual([undefined]);
    expect(await levelOf('NET')).toEqual({ received: 1, available: 1, held: 0, committed: 0 });
  });

  it.each([
    ['a negative level', 'available = available - 5, held = held + 5'],
    ['stock from nowhere', 'available = available + 1'],
    ['stock that vanishes', 'held = held + 1, available = available - 2'],
  ])('refuses %s, whoever writes it', async (_, change) => {
    await send(receive('GUARDED', 3));
    await expect(dataSource.query(`update stock set ${change} where sku = 'GUARDED'`)).rejects.toThrow(
      /violates check constraint/,
    );
  });
});

function inBatchesOf<Item>(size: number, items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function send(...commands: readonly InventoryCommand[]): Promise<Outcome[]> {
  return round.run(commands.map(requested));
}

function requested(command: InventoryCommand) {
  const cause = { correlationId: 'spec', causationId: 'spec' };
  return { kind: 'request' as const, command, cause, answer: (state: Inventory) => state };
}

function noting(tx: Transaction, statements: string[]): Transaction {
  return {
    manager: tx.manager,
    query: (sql, parameters) => {
      statements.push(sql);
      return tx.query(sql, parameters);
    },
  };
}

async function statusesOf(orders: readonly string[]): Promise<(string | undefined)[]> {
  const rows = await dataSource.getRepository(ReservationRow).find();
  const statuses = new Map(rows.map(({ orderId, status }) => [orderId, status]));
  return orders.map((id) => statuses.get(id));
}

async function levelOf(sku: string): Promise<StockLevel> {
  const { sku: _, ...level } = await dataSource.getRepository(Stock).findOneByOrFail({ sku });
  return level;
}

function ids(count: number): string[] {
  return Array.from({ length: count }, () => uuidv7());
}

function line(sku: string, quantity: number): StockLine {
  return { sku, quantity };
}

function receive(sku: string, quantity: number): InventoryCommand {
  return { type: 'Receive', sku, quantity };
}

function reserve(orderId: string, lines: readonly StockLine[]): InventoryCommand {
  return { type: 'Reserve', orderId, lines };
}

function commit(orderId: string): InventoryCommand {
  return { type: 'Commit', orderId };
}

function release(orderId: string): InventoryCommand {
  return { type: 'Release', orderId };
}
