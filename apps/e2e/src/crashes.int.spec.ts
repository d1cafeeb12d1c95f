import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import amqp from 'amqplib';
import { routingKeyOf } from '@quadrille/contracts';
import { eventually, type PlacedOrder } from './client.js';
import { startWorld, type World } from './world.js';

let world: World;
const promised: string[] = [];

beforeAll(async () => {
  world = await startWorld({ ownServers: true, replicas: { order: 2, inventory: 2, payment: 2 } });
  await world.client.supply('LAMP', 1000);
  await world.client.supply('HOT', 20);
}, 240_000);

afterAll(() => (world as World | undefined)?.end(), 90_000);

/** Places orders while `fault` happens, then waits until each of them has ended. */
async function under(fault: () => Promise<void>, orders = 30): Promise<PlacedOrder[]> {
  const placing = Promise.all(
    Array.from({ length: orders }, async (_, place) => {
      const sku = place % 5 === 0 ? 'HOT' : 'LAMP';
      const order = await world.client.place({ lines: [{ sku, quantity: 1 }] });
      promised.push(order.id);
      if (place % 7 === 0) await world.client.cancel(order.id);
      return order;
    }),
  );
  await fault();
  return Promise.all((await placing).map(({ id }) => world.client.ended(id)));
}

describe('orders end while', () => {
  it.each(['order', 'inventory', 'payment'] as const)('a replica of %s is killed and comes back', async (name) => {
    const { part } = world.cluster.service(name).replicas[0]!;

    await under(async () => {
      await part.kill('SIGKILL');
      await part.start();
    });
  });

  it('a replica of each service is frozen for longer than its leases last, and thaws', async () => {
    const frozen = (['order', 'inventory', 'payment'] as const).map((name) => world.cluster.service(name).replicas[1]!);

    for (const { part } of frozen) part.freeze();
    const orders = Promise.all(
      Array.from({ length: 20 }, async () => {
        const { id } = await world.client.place({ lines: [{ sku: 'LAMP', quantity: 1 }] });
        promised.push(id);
        return world.client.ended(id);
      }),
    );
    try {
      await orders;
    } finally {
      for (const { part } of frozen) part.thaw();
    }
  });

  it('every replica is restarted in turn', async () => {
    await under(async () => {
      for (const name of ['order', 'inventory', 'payment'] as const)
        for (const { part } of world.cluster.service(name).replicas) {
          await part.stop();
          await part.start();
        }
    });
  });

  it('the broker is killed and comes back', async () => {
    await under(async () => {
      await world.cluster.rabbitMq.kill('SIGKILL');
      await world.cluster.rabbitMq.start();
    });
  });

  it('the database server is killed and comes back', async () => {
    await under(async () => {
      await world.cluster.postgres.kill('SIGKILL');
      await world.cluster.postgres.start();
    });
  });

  it('the provider loses every fifth answer', async () => {
    const faults = (method: string, body?: object) =>
      fetch(`${world.cluster.service('payment-provider').url}/admin/faults`, {
        method,
        headers: { authorization: `Bearer ${world.cluster.adminToken}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
    await faults('PUT', { loseAnswerRate: 0.2, webhooks: 'double' });

    try {
      await under(async () => undefined);
    } finally {
      await faults('DELETE');
    }
  });

  it('garbage is on the exchange: it is set aside with its reason, and the queue flows on', async () => {
    const subject = '01938f1e-7c00-7a3b-9d52-4f0c2e6a1b10';
    const connection = await amqp.connect(world.cluster.amqpUrl);
    const channel = await connection.createConfirmChannel();
    for (const body of ['not json', '{}', '[1,2', '"x"'])
      channel.publish('quadrille.events', routingKeyOf({ type: 'order.placed.v1', subject }), Buffer.from(body));
    await channel.waitForConfirms();

    await under(async () => undefined, 5);

    for (const service of ['inventory', 'payment'])
      await eventually(`four messages are set aside by ${service}`, async () =>
        (await channel.checkQueue(`${service}.dead-letters`)).messageCount === 4 ? true : undefined,
      );
    await connection.close();
  });
});

describe('afterwards', () => {
  it('every rule holds, and the hot SKU was sold out and not oversold', async () => {
    const { violations, evidence } = await world.broken(promised);

    expect(violations).toEqual([]);
    expect(evidence.orders).toHaveLength(promised.length);
    expect(evidence.stock.find(({ sku }) => sku === 'HOT')).toMatchObject({ received: 20, held: 0 });
    expect(evidence.orders.some(({ reason }) => reason === 'out_of_stock')).toBe(true);
  });
});
