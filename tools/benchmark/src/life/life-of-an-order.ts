import { inventoryParticipant } from '@quadrille/inventory/participant';
import { orderParticipant } from '@quadrille/order/participant';
import { paymentParticipant } from '@quadrille/payment/participant';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { ServiceRounds } from './chain.js';

export interface Step {
  readonly what: string;
  /** Of one round, whatever its size. */
  readonly statements: number;
  /** By the number of orders in a round. */
  readonly usPerOrder: Readonly<Record<number, number>>;
}

export interface LifeOptions {
  /** Of three empty databases. */
  readonly databaseUrls: Readonly<Record<'order' | 'inventory' | 'payment', string>>;
  readonly batchSizes: readonly number[];
  /** Rounds of each size; the fastest half counts, so that a pause of the machine does not. */
  readonly rounds: number;
}

/**
 * Takes orders through all rounds of their life, one round at a time with nothing beside it, and says how long each took and
 * how many statements it was: BEGIN and COMMIT, with its wait for the disk, among them.
 */
export async function lifeOfAnOrder({ databaseUrls, batchSizes, rounds }: LifeOptions): Promise<Step[]> {
  const services = {
    order: await ServiceRounds.open(databaseUrls.order, orderParticipant),
    inventory: await ServiceRounds.open(databaseUrls.inventory, inventoryParticipant),
    payment: await ServiceRounds.open(databaseUrls.payment, paymentParticipant),
  };
  await services.inventory.request([{ type: 'Receive', sku: 'LAMP', quantity: 1_000_000 }]);
  const measured = new Map<string, { statements: number; us: Map<number, number[]> }>();
  const step = async (what: string, orders: number, work: () => Promise<void>) => {
    const { statements, us } = await watched(work);
    const found = measured.get(what) ?? { statements, us: new Map<number, number[]>() };
    found.us.set(orders, [...(found.us.get(orders) ?? []), us / orders]);
    measured.set(what, found);
  };
  for (const orders of batchSizes) await oneLife(services, orders, async (_what, work) => work()); // Warms up.
  for (let round = 0; round < rounds; round++)
    for (const orders of batchSizes) await oneLife(services, orders, (what, work) => step(what, orders, work));
  await Promise.all(Object.values(services).map((service) => service.close()));
  return [...measured].map(([what, { statements, us }]) => ({
    what,
    statements,
    usPerOrder: Object.fromEntries([...us].map(([orders, times]) => [orders, quickHalf(times)])),
  }));
}

type Services = Readonly<Record<'order' | 'inventory' | 'payment', ServiceRounds>>;

async function oneLife(
  { order, inventory, payment }: Services,
  orders: number,
  step: (what: string, work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const orderIds = Array.from({ length: orders }, () => uuidv7());
  const intentOf = (orderId: string) => `pi_${orderId}`;
  await step('order: place', () => order.request(orderIds.map(placing)));
  const placed = await order.announcements();
  await step('inventory: reserve', () => inventory.deliver(placed));
  const reserved = await inventory.announcements();
  await step('payment: remember the amount', () => payment.deliver(placed));
  await step('payment: ask for the charge', () => payment.deliver(reserved));
  await step('payment: the intent is known', () =>
    payment.wakeUp(orderIds.map((orderId) => ({ type: 'RecordIntent', orderId, intentId: intentOf(orderId) }))),
  );
  await step('payment: captured', () =>
    payment.wakeUp(orderIds.map((orderId) => ({ type: 'RecordCaptured', orderId, intentId: intentOf(orderId) }))),
  );
  const captured = await payment.announcements();
  await step('order: confirm', () => order.deliver(captured));
  const confirmed = await order.announcements();
  await step('inventory: commit', () => inventory.deliver(confirmed));
  const committed = await inventory.announcements();
  await step('order: note what the others did', () => order.deliver([...reserved, ...committed]));
}

function placing(orderId: string): object {
  return {
    type: 'Place',
    orderId,
    customerId: 'life',
    currency: 'EUR',
    totalMinor: 1250,
    lines: [{ sku: 'LAMP', quantity: 1, unitMinor: 1250 }],
    paymentMethod: 'pm_card_visa',
    deadlineMs: 900_000,
  };
}

/** Every statement goes through the driver's one method, whoever sends it. */
const driver = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };

async function watched(work: () => Promise<void>): Promise<{ statements: number; us: number }> {
  const { query } = driver;
  let statements = 0;
  driver.query = function (...args) {
    statements += 1;
    return query.apply(this, args);
  };
  const began = performance.now();
  try {
    await work();
  } finally {
    driver.query = query;
  }
  return { statements, us: (performance.now() - began) * 1000 };
}

function quickHalf(times: readonly number[]): number {
  const quick = [...times].sort((a, b) => a - b).slice(0, Math.ceil(times.length / 2));
  return quick.reduce((sum, time) => sum + time, 0) / quick.length;
}
