import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { heard, orderDatabase, placing, type OrderDatabase } from '../../test/order-database.js';
import { Orders } from './orders.js';
import { Timeline } from './timeline.js';

let database: OrderDatabase;
let orders: Orders;

beforeAll(async () => {
  database = await orderDatabase();
  orders = new Orders(database.dataSource);
});

afterAll(() => database.drop());

describe('a page of orders', () => {
  it('goes from the newest to the oldest, and on from any order', async () => {
    const placed = Array.from({ length: 5 }, () => placing({ customerId: 'pages' }));
    await database.send(...placed);
    const newestFirst = placed.map(({ orderId }) => orderId).reverse();
    expect(await page('pages', undefined, 2)).toEqual(newestFirst.slice(0, 2));
    expect(await page('pages', newestFirst[1], 2)).toEqual(newestFirst.slice(2, 4));
    expect(await page('pages', newestFirst[3], 2)).toEqual(newestFirst.slice(4));
  });

  it('has the orders of one customer, of one state, of both, or all', async () => {
    const [mine, hers, ended] = [
      placing({ customerId: 'me' }),
      placing({ customerId: 'her' }),
      placing({ customerId: 'me' }),
    ] as const;
    await database.send(mine, hers, ended, { type: 'Cancel', orderId: ended.orderId });
    const idsOf = async (filter: Parameters<Orders['page']>[0]) =>
      (await orders.page(filter, undefined, 200)).map(({ id }) => id);
    expect(await idsOf({ customerId: 'me' })).toEqual([ended.orderId, mine.orderId]);
    expect(await idsOf({ customerId: 'me', status: 'cancelled' })).toEqual([ended.orderId]);
    expect(await idsOf({ status: 'cancelled' })).toEqual([ended.orderId]);
    expect(await idsOf({})).toEqual(expect.arrayContaining([mine.orderId, hers.orderId, ended.orderId]));
  });

  async function page(customerId: string, before: string | undefined, take: number): Promise<string[]> {
    return (await orders.page({ customerId }, before, take)).map(({ id }) => id);
  }
});

it('tells the ended among many orders', async () => {
  const [open, ended] = [placing(), placing()] as const;
  await database.send(open, ended, { type: 'Cancel', orderId: ended.orderId });
  expect(await orders.endedOf([open.orderId, ended.orderId])).toEqual([ended.orderId]);
  expect(await orders.endedOf([])).toEqual([]);
});

describe('the timeline', () => {
  it('tells what everyone announced, in wire types, in the order in which it became known', async () => {
    const order = placing({ contact: { email: { keyId: 'k', iv: 'aXY=', tag: 'dGFn', text: 'dGV4dA==' } } });
    const { orderId } = order;
    const reserved = heard(orderId, 'inventory.stock-reserved.v1', { lines: [{ sku: 'MUG-1', quantity: 2 }] });
    const captured = heard(orderId, 'payment.captured.v1');
    await database.send(order);
    await database.send({ type: 'Note', orderId, fact: reserved });
    await database.send({ type: 'RecordPaymentCaptured', orderId, fact: captured });
    await database.send({ type: 'Cancel', orderId });
    const { type: _, deadlineMs: __, ...placement } = order;
    const own = { service: 'order', id: expect.any(String), at: expect.any(String) };
    expect(await new Timeline(database.dataSource).of(orderId)).toEqual([
      { ...own, type: 'order.placed.v1', data: placement },
      reserved,
      captured,
      { ...own, type: 'order.confirmed.v1', data: { orderId } },
      { ...own, type: 'order.cancelled.v1', data: { orderId, reason: 'customer_request', declineCode: null } },
    ]);
  });

  it('is empty for an order that nobody placed', async () => {
    expect(await new Timeline(database.dataSource).of(placing().orderId)).toEqual([]);
  });
});
