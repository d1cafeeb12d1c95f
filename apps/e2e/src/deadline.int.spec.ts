import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { partitionQueue } from '@quadrille/messaging';
import { connect } from 'amqplib';
import { z } from 'zod';
import { Traffic } from './chaos/traffic.js';
import { eventually } from './client.js';
import { rows } from './evidence.js';
import { violations } from './rules.js';
import { forms, heard, startWorld, type World } from './world.js';

const partitions = 4;

let world: World;

beforeAll(async () => {
  world = await startWorld({
    partitions,
    environment: {
      order: { ORDER_DEADLINE_MS: '3000' },
      payment: { PROVIDER_TIMEOUT_MS: '1000' },
      'payment-provider': { PROVIDER_LATE_MS: '6000' },
    },
  });
}, 180_000);

afterAll(() => (world as World | undefined)?.end(), 60_000);

describe('an order whose payment provider is silent', () => {
  it('times out, and a charge that lands late is refunded', async () => {
    await world.client.supply('LAMP', 3);

    const never = await world.client.place({ lines: [{ sku: 'LAMP', quantity: 1 }], paymentMethod: 'pm_silent' });
    const late = await world.client.place({ lines: [{ sku: 'LAMP', quantity: 1 }], paymentMethod: 'pm_late_charge' });

    for (const { id } of [never, late])
      expect(await world.client.ended(id)).toMatchObject({ status: 'cancelled', reason: 'timed_out' });
    await eventually('the late charge is refunded', async () =>
      (await world.client.payment(late.id))?.status === 'refunded' ? true : undefined,
    );
    const { violations, evidence } = await world.broken([never.id, late.id]);
    expect(violations).toEqual([]);
    expect(evidence.ledger.map(({ kind, orderId }) => [kind, orderId])).toEqual([
      ['charge', late.id],
      ['refund', late.id],
    ]);
    expect(await world.client.stock('LAMP')).toMatchObject({ available: 3, held: 0, committed: 0 });
  }, 180_000);
});

describe('an order whose deadline passes while its service is down', () => {
  it('ends once, when the service is back', async () => {
    await world.client.supply('BELL', 1);
    const id = await killedBeforeDeadline();
    await eventually('the deadline is past due', async () => (await agendaOf(id)).isDue || undefined);
    expect(await agendaOf(id)).toEqual({ isOpen: true, isDue: true });

    await world.cluster.service('order').start();

    expect(await world.client.ended(id)).toMatchObject({ status: 'cancelled', reason: 'timed_out' });
    const { violations, evidence } = await world.broken([id]);
    expect(violations).toEqual([]);
    const fired = evidence.logs.order.filter(({ stream, type }) => stream.endsWith(id) && type === 'Cancelled');
    expect(fired).toHaveLength(1);
    expect(await agendaOf(id)).toEqual({ isOpen: false, isDue: false });
    expect(await world.client.stock('BELL')).toMatchObject({ available: 1, held: 0, committed: 0 });
  }, 180_000);
});

describe('a copy that waits in a queue', () => {
  it('is something under way, though its original was handled long ago', async () => {
    await world.client.supply('BOWL', 1);
    const { id } = await world.client.place({ lines: [{ sku: 'BOWL', quantity: 1 }] });
    await world.client.ended(id);
    await world.settle();
    const traffic = new Traffic(world.cluster.amqpUrl);
    await traffic.open();
    const second = await world.client.place({ lines: [{ sku: 'BOWL', quantity: 1 }] });
    await world.client.ended(second.id);
    await world.settle();

    const inventory = world.cluster.service('inventory');
    await inventory.stop();
    await traffic.repeat(await traffic.take());
    await expect(world.settle(1000)).rejects.toThrow(/messages wait in inventory\.\dof4/);
    await inventory.start();
    await world.settle();
  }, 180_000);
});

describe('an order whose events the broker lost', () => {
  it('ends at its deadline, and the check of the books names what was never heard', async () => {
    await world.client.supply('VASE', 1);
    const payment = world.cluster.service('payment');
    await payment.stop();
    const { id } = await world.client.place({ lines: [{ sku: 'VASE', quantity: 1 }] });
    await losesAll('payment', 2);
    await payment.start();

    expect(await world.client.ended(id)).toMatchObject({ status: 'cancelled', reason: 'timed_out' });
    await eventually('its stock is back', async () =>
      (await world.client.stock('VASE')).available === 1 ? true : undefined,
    );
    const found = await eventually('payment has heard of the cancellation', async () => {
      const of = violations(await world.collect(), [id], { forms, heard }).filter(({ orderId }) => orderId === id);
      return of.length === 2 ? of : undefined;
    });
    expect(found.map(({ rule, what }) => [rule, what.split(' ')[0]])).toEqual([
      [7, 'order.placed.v1'],
      [7, 'inventory.stock-reserved.v1'],
    ]);
  }, 180_000);
});

/** Places an order that waits for the provider, and kills its service; again, should the deadline have been quicker. */
async function killedBeforeDeadline(): Promise<string> {
  const order = world.cluster.service('order');
  for (;;) {
    const { id } = await world.client.place({ lines: [{ sku: 'BELL', quantity: 1 }], paymentMethod: 'pm_silent' });
    await order.kill();
    if ((await agendaOf(id)).isOpen) return id;
    await order.start();
  }
}

const entry = z.object({ is_due: z.boolean() });

/** Whether an order waits for its deadline, and whether that has passed by the database's clock. */
async function agendaOf(id: string): Promise<{ readonly isOpen: boolean; readonly isDue: boolean }> {
  const sql = `select due_at <= clock_timestamp() as is_due from agenda where stream = 'order-${id}' and kind = 'deadline'`;
  const found = await rows(world.cluster.databaseUrls.order, sql, entry);
  return { isOpen: found.length > 0, isDue: found.some(({ is_due }) => is_due) };
}

/** Waits until so many messages lie in the queues of a service, and takes them away. */
async function losesAll(service: string, count: number): Promise<void> {
  const broker = await connect(world.cluster.amqpUrl);
  const channel = await broker.createChannel();
  const queues = Array.from({ length: partitions }, (_, partition) => partitionQueue(service, partition, partitions));
  await eventually(`${count} messages wait for ${service}`, async () => {
    const states = await Promise.all(queues.map((queue) => channel.checkQueue(queue)));
    return states.reduce((sum, { messageCount }) => sum + messageCount, 0) === count ? true : undefined;
  });
  for (const queue of queues) await channel.purgeQueue(queue);
  await broker.close();
}
