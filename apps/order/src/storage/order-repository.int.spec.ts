import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readStream, Round, type Transaction } from '@quadrille/event-log';
import { plantFailpoint } from '@quadrille/observability';
import { heard, orderDatabase, placing, requested, type OrderDatabase } from '../../test/order-database.js';
import { orderDecider, type OrderEvent } from '../domain/index.js';
import { orderParticipant } from '../participant.js';
import { OrderView, viewOf } from './order-view.js';

let database: OrderDatabase;

beforeAll(async () => {
  database = await orderDatabase();
});

afterAll(() => database.drop());

describe('a batch of 100 orders', () => {
  it('is in the read model with its commit, by one statement', async () => {
    const statements: string[] = [];
    const watched = new Round({
      dataSource: database.dataSource,
      participant: {
        ...orderParticipant,
        repository: {
          load: async (tx, commands) => {
            const workingSet = await orderParticipant.repository.load(tx, commands);
            return {
              read: (command) => workingSet.read(command),
              write: (...written) => workingSet.write(...written),
              save: (tx) => workingSet.save(noting(tx, statements)),
            };
          },
        },
      },
    });
    const orders = Array.from({ length: 100 }, () => placing({ customerId: 'many' }));
    const cancelled = orders.slice(90).map(({ orderId }) => requested({ type: 'Cancel', orderId }));
    await watched.run([...orders.map(requested), ...cancelled]);
    expect(statements).toHaveLength(1);
    const views = await database.dataSource.getRepository(OrderView).findBy({ customerId: 'many' });
    expect(views.filter(({ status }) => status === 'pending')).toHaveLength(90);
    expect(views.filter(({ status }) => status === 'cancelled')).toHaveLength(10);
  });
});

describe('the read model', () => {
  it('is what the stream says, whatever became of the order', async () => {
    const [pending, confirmed, returned, declined, rejected] = Array.from({ length: 5 }, () => placing());
    if (!pending || !confirmed || !returned || !declined || !rejected) throw new Error('five orders');
    await database.send(pending, confirmed, returned, declined, rejected);
    await database.send(
      { type: 'Note', orderId: pending.orderId, fact: heard(pending.orderId, 'inventory.stock-reserved.v1') },
      captured(confirmed.orderId),
      captured(returned.orderId),
      {
        type: 'RecordPaymentDeclined',
        orderId: declined.orderId,
        declineCode: 'insufficient_funds',
        fact: heard(declined.orderId, 'payment.declined.v1'),
      },
      {
        type: 'RecordStockRejected',
        orderId: rejected.orderId,
        fact: heard(rejected.orderId, 'inventory.stock-rejected.v1'),
      },
    );
    await database.send({ type: 'Cancel', orderId: returned.orderId });

    const expectations = {
      [pending.orderId]: ['pending', null, null],
      [confirmed.orderId]: ['confirmed', null, null],
      [returned.orderId]: ['cancelled', 'customer_request', null],
      [declined.orderId]: ['cancelled', 'payment_declined', 'insufficient_funds'],
      [rejected.orderId]: ['cancelled', 'out_of_stock', null],
    };
    for (const [orderId, ended] of Object.entries(expectations)) {
      const view = await viewOfRow(orderId);
      expect([view?.status, view?.reason, view?.declineCode]).toEqual(ended);
      expect(view).toEqual(await folded(orderId));
    }
  });

  it('keeps the prices an order was placed at', async () => {
    const lines = [
      { sku: 'MUG-1', quantity: 1000, unitMinor: 100_000_000 },
      { sku: 'CUP-1', quantity: 1, unitMinor: 1 },
    ];
    const order = placing({ lines, totalMinor: 100_000_000_001 });
    await database.send(order);
    expect(await viewOfRow(order.orderId)).toMatchObject({ totalMinor: 100_000_000_001, lines, version: 1 });
  });

  it('has nothing of an order whose round failed', async () => {
    const good = placing();
    const bad = placing({ totalMinor: -1 });
    const outcomes = await database.round.run([requested(good), requested(bad)]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['decided', 'failed']);
    expect(await viewOfRow(good.orderId)).toMatchObject({ status: 'pending' });
    expect(await viewOfRow(bad.orderId)).toBeNull();
  });

  it('has nothing of an order whose round did not come to its commit', async () => {
    const pull = plantFailpoint('round.committing', () => {
      throw new Error('a fault at the last moment');
    });
    const order = placing();
    const outcomes = await database.round.run([requested(order)]).finally(pull);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed']);
    expect(await viewOfRow(order.orderId)).toBeNull();
  });

  it.each([
    ['an order that is cancelled for no reason', `status = 'cancelled', ended_at = now()`],
    ['a pending order that has ended', 'ended_at = now()'],
    ['a state that no order has', `status = 'shipped', ended_at = now()`],
  ])('refuses %s, whoever writes it', async (_, change) => {
    const order = placing();
    await database.send(order);
    const changing = database.dataSource.query(`update order_view set ${change} where id = $1`, [order.orderId]);
    await expect(changing).rejects.toThrow(/violates check constraint/);
  });
});

async function folded(orderId: string): Promise<OrderView> {
  const logged = await readStream(database.dataSource.manager, `order-${orderId}`);
  const state = logged.reduce(
    (order, { event }) => orderDecider.evolve(order, event as OrderEvent),
    orderDecider.initial,
  );
  if (state.status === 'none') throw new Error('the stream is empty');
  return viewOf(state, logged.length);
}

async function viewOfRow(orderId: string): Promise<OrderView | null> {
  const row = await database.dataSource.getRepository(OrderView).findOneBy({ id: orderId });
  return row && { ...row };
}

function captured(orderId: string) {
  return { type: 'RecordPaymentCaptured' as const, orderId, fact: heard(orderId, 'payment.captured.v1') };
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
