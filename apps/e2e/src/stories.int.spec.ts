import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ServiceName, services } from '@quadrille/contracts';
import { z } from 'zod';
import { eventually } from './client.js';
import { readLedger, rows } from './evidence.js';
import { startWorld, type World } from './world.js';

let world: World;
const promised: string[] = [];

/** The provider's secret key, for a person who refunds at its dashboard. */
const keys = { STRIPE_SECRET_KEY: 'sk_test_1234' };

beforeAll(async () => {
  world = await startWorld({ environment: { payment: keys, 'payment-provider': keys } });
}, 180_000);

afterAll(() => (world as World | undefined)?.end(), 60_000);

/** A SKU of its own for each story, so that stories do not compete. */
async function supply(quantity: number): Promise<string> {
  const sku = `SKU-${randomUUID().slice(0, 8).toUpperCase()}`;
  await world.client.supply(sku, quantity);
  return sku;
}

async function place(sku: string, quantity: number, paymentMethod?: string, key?: string) {
  const order = await world.client.place({ lines: [{ sku, quantity }], ...(paymentMethod && { paymentMethod }) }, key);
  promised.push(order.id);
  return order;
}

async function refundAtTheDashboard(orderId: string): Promise<void> {
  const { url } = world.cluster.service('payment-provider');
  const ledger = await readLedger({ url, adminToken: world.cluster.adminToken });
  const charge = ledger.find((entry) => entry.orderId === orderId);
  const answer = await fetch(`${url}/v1/refunds`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.STRIPE_SECRET_KEY}` },
    body: new URLSearchParams({ payment_intent: charge?.paymentIntent ?? '' }),
  });
  if (!answer.ok) throw new Error(`the refund of ${orderId} was answered ${answer.status}: ${await answer.text()}`);
}

/** Waits for a fact in the timeline: what the others did after the order ended. */
const told = (id: string, type: string) =>
  eventually(`${type} of ${id}`, async () => ((await world.client.timeline(id)).includes(type) ? true : undefined));

describe('an order', () => {
  it('is confirmed when there is stock and money', async () => {
    const sku = await supply(5);

    const { id } = await place(sku, 2);

    expect(await world.client.ended(id)).toMatchObject({ status: 'confirmed', reason: null, totalMinor: 2000 });
    await told(id, 'inventory.stock-committed.v1');
    expect(await world.client.stock(sku)).toMatchObject({ received: 5, available: 3, held: 0, committed: 2 });
    expect(await world.client.payment(id)).toMatchObject({ status: 'captured', amountMinor: 2000, refundedMinor: 0 });
    expect(await world.client.timeline(id)).toEqual([
      'order.placed.v1',
      'inventory.stock-reserved.v1',
      'payment.captured.v1',
      'order.confirmed.v1',
      'inventory.stock-committed.v1',
    ]);
  });

  it('is cancelled when there is not enough stock, and nothing is charged', async () => {
    const sku = await supply(1);

    const { id } = await place(sku, 2);

    expect(await world.client.ended(id)).toMatchObject({ status: 'cancelled', reason: 'out_of_stock' });
    expect(await world.client.stock(sku)).toMatchObject({ available: 1, held: 0, committed: 0 });
  });

  it('for what was priced but never in stock is taken, then cancelled', async () => {
    const sku = `SKU-${randomUUID().slice(0, 8).toUpperCase()}`;
    await world.client.expect(200, 'order', 'PUT', `/v1/prices/${sku}`, {
      body: { amountMinor: 5, currency: 'EUR' },
      admin: true,
    });

    const { id } = await place(sku, 1);

    expect(await world.client.ended(id)).toMatchObject({ status: 'cancelled', reason: 'out_of_stock' });
  });

  it('is cancelled with the decline code when the card is declined, and the stock is available again', async () => {
    const sku = await supply(2);

    const { id } = await place(sku, 2, 'pm_card_chargeDeclinedInsufficientFunds');

    expect(await world.client.ended(id)).toMatchObject({
      status: 'cancelled',
      reason: 'payment_declined',
      declineCode: 'insufficient_funds',
    });
    await told(id, 'inventory.stock-released.v1');
    expect(await world.client.stock(sku)).toMatchObject({ available: 2, held: 0, committed: 0 });
  });

  it('may be cancelled by its customer while it is pending', async () => {
    const sku = await supply(1);
    const { id } = await place(sku, 1, 'pm_slow_3000');

    expect(await world.client.cancel(id)).toBe(202);

    expect(await world.client.order(id)).toMatchObject({ status: 'cancelled', reason: 'customer_request' });
    expect(await world.client.cancel(id)).toBe(200);
  });

  it('may be cancelled by its customer after it was confirmed: the stock and the money go back', async () => {
    const sku = await supply(1);
    const { id } = await place(sku, 1);
    expect(await world.client.ended(id)).toMatchObject({ status: 'confirmed' });

    expect(await world.client.cancel(id)).toBe(202);

    await told(id, 'payment.refunded.v1');
    await told(id, 'inventory.stock-released.v1');
    expect(await world.client.stock(sku)).toMatchObject({ available: 1, held: 0, committed: 0 });
    expect(await world.client.payment(id)).toMatchObject({ status: 'refunded', refundedMinor: 1000 });
  });

  it('whose refund fails after it had succeeded is refunded by a person, and told of one refund', async () => {
    const sku = await supply(1);
    const { id } = await place(sku, 1, 'pm_refund_fails_later_1_times');
    await world.client.ended(id);
    await world.client.cancel(id);
    await told(id, 'payment.refunded.v1');

    const becomes = (status: string) =>
      eventually(`the payment of ${id} is ${status}`, async () => {
        const payment = await world.client.payment(id);
        return payment?.status === status ? payment : undefined;
      });
    expect(await becomes('refunding')).toMatchObject({ refundedMinor: 0 });
    const letter = await eventually(`a person hears of the refund of ${id}`, async () => {
      const { body } = await world.client.call('payment', 'GET', `/v1/dead-letters?key=${id}`, { admin: true });
      return z.object({ items: z.array(z.object({ id: z.string(), status: z.literal('dead') })) }).parse(body).items[0];
    });

    await refundAtTheDashboard(id);
    const replay = { body: { by: 'a person' }, admin: true };
    await world.client.expect(202, 'payment', 'POST', `/v1/dead-letters/${letter.id}/replay`, replay);
    expect(await becomes('refunded')).toMatchObject({ refundedMinor: 1000 });
    expect((await world.client.timeline(id)).filter((type) => type === 'payment.refunded.v1')).toHaveLength(1);
  });

  it('is placed once when the same idempotency key comes twice, also at the same moment', async () => {
    const sku = await supply(9);
    const key = randomUUID();

    const [first, twin] = await Promise.all([place(sku, 1, undefined, key), place(sku, 1, undefined, key)]);
    const later = await place(sku, 1, undefined, key);

    expect(new Set([first.id, twin.id, later.id]).size).toBe(1);
    await world.client.ended(first.id);
    await told(first.id, 'inventory.stock-committed.v1');
    expect(await world.client.stock(sku)).toMatchObject({ available: 8, committed: 1 });
  });

  it('is charged once although the answer of the provider is lost', async () => {
    const sku = await supply(2);

    const lost = await place(sku, 1, 'pm_reset_after_charge');
    const failed = await place(sku, 1, 'pm_error_after_charge');

    expect(await world.client.ended(lost.id)).toMatchObject({ status: 'confirmed' });
    expect(await world.client.ended(failed.id)).toMatchObject({ status: 'confirmed' });
  });

  it('waits for a payment service that is down, and ends when it is back', async () => {
    const sku = await supply(10);
    await world.cluster.service('payment').kill('SIGKILL');

    const placed = await Promise.all(Array.from({ length: 10 }, () => place(sku, 1)));
    await eventually('all stock is held', async () => ((await world.client.stock(sku)).held === 10 ? true : undefined));
    await world.cluster.service('payment').start();

    for (const { id } of placed) expect(await world.client.ended(id)).toMatchObject({ status: 'confirmed' });
  });
});

describe('afterwards', () => {
  // Before anybody else looks into the tables. A table of an empty system is read as a whole for nothing, and no row is counted.
  it('no table that grows was read as a whole: what an order costs does not depend on how many there were', async () => {
    const counted = z.object({ table: z.string(), rowsRead: z.coerce.number(), arrived: z.coerce.number() });
    const readOf = (service: ServiceName) =>
      rows(
        world.cluster.databaseUrls[service],
        `select relname as table, seq_tup_read as "rowsRead", n_tup_ins as arrived from pg_stat_user_tables
         where relname not in ('replica', 'relay', 'partition_lease', 'migrations')`,
        counted,
      );
    // Each connection tells what it has counted once it has been idle for some seconds.
    const orders = new Set(promised).size;
    await eventually('the databases have counted what the orders did', async () => {
      const tables = (await Promise.all(services.map(readOf))).flat();
      const grown = tables.filter(({ arrived }) => arrived >= orders).map(({ table }) => table);
      return ['order_view', 'reservation', 'payment'].every((table) => grown.includes(table)) || undefined;
    });
    for (const service of services) expect((await readOf(service)).filter(({ rowsRead }) => rowsRead > 0)).toEqual([]);
  });

  it('every rule holds in the databases, on the wire and at the provider', async () => {
    expect((await world.broken(promised)).violations).toEqual([]);
  }, 150_000);
});
