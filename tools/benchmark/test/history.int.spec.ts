import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rows } from '@quadrille/e2e/evidence';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@quadrille/testing';
import { z } from 'zod';
import { lifeOfAnOrder } from '../src/life/life-of-an-order.js';
import { fillHistory } from '../src/scale/history.js';

const copies = 12;
const services = ['order', 'inventory', 'payment'] as const;
const database = {} as Record<(typeof services)[number], ThrowAwayDatabase>;
const urls = () => ({ order: database.order.url, inventory: database.inventory.url, payment: database.payment.url });

beforeAll(async () => {
  for (const service of services) database[service] = await throwAwayDatabase();
  await lifeOfAnOrder({ databaseUrls: urls(), batchSizes: [1], rounds: 1 });
});
afterAll(() => Promise.all(services.map((service) => database[service].drop())));

const count = async (service: (typeof services)[number], sql: string) =>
  (await rows(urls()[service], `select count(*) as count from ${sql}`, z.object({ count: z.coerce.number() })))[0]!
    .count;

it('a history has the rows that as many ended orders would have left, each with ids of its own, and nothing to announce', async () => {
  const [order] = await rows(urls().order, `select id from order_view limit 1`, z.object({ id: z.uuid() }));
  const before = await Promise.all(services.map((service) => count(service, 'log')));
  const perOrder = await Promise.all(
    services.map((service) => count(service, `log where data::text like '%${order!.id}%'`)),
  );

  await fillHistory({ databaseUrls: urls(), postgres: { adminUrl: urls().order } }, order!.id, copies);

  const after = await Promise.all(services.map((service) => count(service, 'log')));
  expect(after).toEqual(before.map((events, index) => events + copies * (perOrder[index] ?? 0)));
  expect(Math.min(...perOrder)).toBeGreaterThan(1);
  for (const [service, table] of [
    ['order', `order_view where status = 'confirmed' and ended_at is not null`],
    ['inventory', `reservation where status = 'committed'`],
    ['payment', `payment where status = 'captured'`],
  ] as const)
    expect(await count(service, table)).toBeGreaterThanOrEqual(copies + 1);
  for (const service of services) {
    expect(await count(service, 'relay where position = (select max(position) from log)')).toBe(1);
    expect(await count(service, '(select id from log group by id having count(*) > 1) twice')).toBe(0);
  }
  expect(await count('inventory', 'stock where received <> available + held + committed')).toBe(0);
  expect(await count('inventory', `stock where committed = (select count(*) from reservation)`)).toBe(1);
});
