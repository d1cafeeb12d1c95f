import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildEvent, fact, routingKeyOf } from '@quadrille/contracts';
import {
  deadLetterQueue,
  eventsExchange,
  listenerDeadLetterQueue,
  listenerQueue,
  partitionQueuesOf,
  serviceExchange,
} from '@quadrille/messaging';
import { connect, type Options } from 'amqplib';
import { Client } from 'pg';
import { v7 } from 'uuid';
import { eventually, startWorld, type World } from './world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.call('order', 'PUT', '/v1/prices/LAMP', { amountMinor: 1000, currency: 'EUR' });
  await world.call('inventory', 'POST', '/v1/stock/LAMP/receipts', { quantity: 500 });
}, 180_000);

afterAll(() => (world as World | undefined)?.end(), 60_000);

async function place(): Promise<string> {
  const order = {
    customerId: 'ada',
    currency: 'EUR',
    lines: [{ sku: 'LAMP', quantity: 1 }],
    paymentMethod: 'pm_card_visa',
  };
  return ((await world.call('order', 'POST', '/v1/orders', order)) as { id: string }).id;
}

const confirmed = (id: string) =>
  eventually(`order ${id} is confirmed`, async () => {
    const { status } = (await world.call('order', 'GET', `/v1/orders/${id}?wait=5`)) as { status: string };
    return status === 'confirmed' ? true : undefined;
  });

async function query(service: 'order' | 'inventory', sql: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: world.cluster.databaseUrls[service] });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function publish(exchange: string, routingKey: string, body: string, more: Options.Publish = {}): Promise<void> {
  const connection = await connect(world.cluster.amqpUrl);
  try {
    const channel = await connection.createConfirmChannel();
    channel.publish(exchange, routingKey, Buffer.from(body), { persistent: true, ...more });
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}

describe('partitions', () => {
  const isTrickling = new AbortController();

  it('change under a trickle of orders, and every order ends', async () => {
    const placed: string[] = [];
    const trickle = (async () => {
      while (!isTrickling.signal.aborted) {
        placed.push(await place());
        await delay(200);
      }
    })();
    const { code, stdout, stderr } = await world.run('partitions', '--service', 'inventory', '--to', '3');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/bound to 3 queues.*The relays go on.*it will have PARTITIONS=3\./s);
    await world.cluster.service('inventory').stop();
    await world.cluster.service('inventory').start();
    isTrickling.abort();
    await trickle;
    for (const id of placed) await confirmed(id);
    const queues = await partitionQueuesOf(world.cluster.amqpUrl, 'inventory');
    expect(queues.map(({ queue }) => queue)).toEqual(['inventory.0of3', 'inventory.1of3', 'inventory.2of3']);
  }, 150_000);

  it('that were left halfway are brought to their end by the same command', async () => {
    // As a kill right after the pause leaves it.
    await query('order', 'update relay set paused = true');
    const id = await place();
    const { code } = await world.run('partitions', '--service', 'inventory', '--to', '3');
    expect(code).toBe(0);
    await confirmed(id);
  }, 120_000);

  it('of a service that does not drain stay as they are, and the relays go on', async () => {
    await world.cluster.service('inventory').stop();
    const id = await place();
    await eventually('the message waits', async () => {
      const queues = await partitionQueuesOf(world.cluster.amqpUrl, 'inventory');
      return queues.some(({ ready }) => ready > 0) ? true : undefined;
    });
    const refused = await world.run('partitions', '--service', 'inventory', '--to', '4', '--drain-max', '1s');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/^partitions: inventory did not drain its queues within 1 s: .*Nothing was changed/);
    await world.cluster.service('inventory').start();
    await confirmed(id);
  }, 120_000);
});

describe('reconcile', () => {
  it('finds no difference while all is well', async () => {
    await confirmed(await place());
    const { code, stdout, stderr } = await world.run('reconcile', '--patience', '60s');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+ orders, 0 differences, 0 orders in flight\.$/m);
  });

  it('finds an order that the provider does not agree with, and says which', async () => {
    const id = await place();
    await confirmed(id);
    await query('order', `update order_view set total_minor = 999 where id = $1`, [id]);
    const { code, stdout } = await world.run('reconcile', '--json');
    await query('order', `update order_view set total_minor = 1000 where id = $1`, [id]);
    expect(code).toBe(1);
    const { wrong } = JSON.parse(stdout) as { wrong: { orderId: string; kind: string }[] };
    expect(wrong.map(({ orderId, kind }) => [orderId, kind])).toEqual([
      [id, 'amount_differs'],
      [id, 'amount_differs'],
    ]);
  });
});

describe('dead letters', () => {
  const orderId = v7();
  const line = { sku: 'LAMP', quantity: 1, unitMinor: 1000 };
  const good = buildEvent(
    'order',
    fact('order.placed.v1', {
      ...{
        orderId,
        customerId: 'ada',
        currency: 'EUR',
        totalMinor: 1000,
        lines: [line],
        paymentMethod: 'pm_card_visa',
      },
    }),
    { id: v7(), time: new Date().toISOString(), correlationId: 'spec', causationId: 'spec', sequence: 1 },
  );
  const letters = async (...args: string[]) => {
    const { stdout, stderr } = await world.run('dead-letters', 'list', '--json', ...args);
    if (stderr !== '') throw new Error(stderr);
    return JSON.parse(stdout) as { id: string; status: string; code: string }[];
  };
  const own = ['--service', 'inventory', '--key', orderId];

  it('are listed, shown, mended, replayed and then handled', async () => {
    const poison = { ...good, data: { ...good.data, lines: 'none' } };
    await publish(eventsExchange, routingKeyOf(good), JSON.stringify(poison));
    const [letter] = await eventually('the message is dead', async () => {
      const found = await letters(...own, '--status', 'dead');
      return found.length > 0 ? found : undefined;
    });
    const id = letter!.id;
    expect(id).toMatch(/^inventory:\d+$/);
    expect((await world.run('dead-letters', 'list', ...own)).stdout).toContain(id);
    expect((await world.run('dead-letters', 'show', id)).stdout).toMatch(/^code +invalid_data$/m);

    const file = join(world.directory, 'mended.json');
    writeFileSync(file, JSON.stringify(good));
    const edited = await world.run(
      'dead-letters',
      'edit',
      id,
      '--file',
      file,
      '--reason',
      'no lines',
      '--by',
      'ada',
      '--json',
    );
    expect(JSON.parse(edited.stdout)).toMatchObject({
      edited: { by: 'ada', reason: 'no lines', originalBody: JSON.stringify(poison) },
    });
    expect(await world.run('dead-letters', 'replay', id, '--dry-run', '--json')).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: `${JSON.stringify({ wouldReplay: [id] })}\n`,
    });
    const replayed = await world.run('dead-letters', 'replay', ...own, '--rate', '10');
    expect(replayed).toEqual({ code: 0, stdout: '1 replayed\n', stderr: '' });
    await eventually('the reservation is there', async () => {
      const [row] = await query('inventory', 'select status from reservation where order_id = $1', [orderId]);
      return row ? true : undefined;
    });
    expect(await letters(...own)).toEqual([]);
  }, 150_000);

  it('are discarded with a reason', async () => {
    const [letter] = await eventually('payment has it too', async () => {
      const found = await letters('--service', 'payment', '--key', orderId, '--status', 'dead');
      return found.length > 0 ? found : undefined;
    });
    expect(await world.run('dead-letters', 'discard', letter!.id)).toMatchObject({
      ...{ code: 2, stderr: 'dead-letters: --reason is missing: the record says why.\n' },
    });
    expect(await world.run('dead-letters', 'discard', letter!.id, '--reason', 'a spec')).toMatchObject({ code: 0 });
    expect(await letters('--service', 'payment', '--key', orderId, '--status', 'discarded')).toMatchObject([
      { id: letter!.id },
    ]);
  }, 120_000);

  it('of which one cannot be discarded are discarded all the same, and again is no fault', async () => {
    const keys = [v7(), v7()];
    for (const key of keys) {
      const poison = { ...good, id: v7(), subject: key, data: { ...good.data, orderId: key, lines: 'none' } };
      await publish(eventsExchange, routingKeyOf(poison), JSON.stringify(poison));
    }
    const deadOf = (key: string) =>
      eventually(`${key} is dead`, async () => {
        const [letter] = await letters('--service', 'inventory', '--key', key, '--status', 'dead');
        return letter?.id;
      });
    const [first, second] = [await deadOf(keys[0]!), await deadOf(keys[1]!)];
    const discard = (...args: string[]) => world.run('dead-letters', 'discard', ...args, '--reason', 'a spec');
    expect(await discard(first)).toEqual({ code: 0, stdout: `Discarded ${first}.\n`, stderr: '' });
    const ids = [first, 'inventory:999999', second];
    expect(await discard(...ids, '--dry-run')).toMatchObject({ code: 1, stdout: `Would discard ${second}.\n` });
    const isNotDiscarded = expect.stringMatching(/^inventory:999999 is not discarded: inventory answers 404: .*\n$/);
    expect(await discard(...ids)).toEqual({
      ...{ code: 1, stdout: `Discarded ${second}.\nDiscarded already: ${first}.\n`, stderr: isNotDiscarded },
    });
    expect(await discard(...ids)).toEqual({
      ...{ code: 1, stdout: `Discarded already: ${first}, ${second}.\n`, stderr: isNotDiscarded },
    });
  }, 120_000);

  it('of the broker are listed and replayed by the same command', async () => {
    await publish(serviceExchange('inventory'), 'order.placed.v1.7', `garbage ${randomUUID()}`);
    const garbage = () =>
      eventually('the garbage is set aside', async () => {
        const found = await letters('--service', 'inventory', '--code', 'set_aside');
        return found.length === 1 ? found[0] : undefined;
      });
    const { id } = await garbage();
    expect(id).toMatch(/^broker:inventory:/);
    expect((await world.run('dead-letters', 'show', id)).stdout).toContain('body is not JSON');
    expect(await world.run('dead-letters', 'replay', id)).toMatchObject({ code: 0, stdout: '1 replayed\n' });
    // It is garbage still, so it comes back; the copy has the same id.
    expect(await garbage()).toMatchObject({ id });
  }, 120_000);

  it('of the broker that are replayed after a newer event of their key change nothing of what it did', async () => {
    const late = { ...good, id: v7(), subject: v7() };
    const placed = { ...late, data: { ...good.data, orderId: late.subject } };
    const cause = { id: v7(), time: new Date().toISOString(), correlationId: 'spec', causationId: 'spec', sequence: 2 };
    const cancellation = fact('order.cancelled.v1', { orderId: late.subject, reason: 'timed_out', declineCode: null });
    const cancelled = buildEvent('order', cancellation, cause);
    const state = async () => ({
      reservation: await query('inventory', 'select status from reservation where order_id = $1', [late.subject]),
      stock: await world.call('inventory', 'GET', '/v1/stock/LAMP'),
    });
    // As a version that could not read it yet had set it aside.
    const headers = {
      ...{ reason: 'not known here', service: 'inventory', attempt: 1 },
      ...{ 'replay-exchange': serviceExchange('inventory'), 'replay-routing-key': routingKeyOf(placed) },
    };
    await publish('', deadLetterQueue('inventory'), JSON.stringify(placed), { messageId: late.id, headers });
    await publish(eventsExchange, routingKeyOf(cancelled), JSON.stringify(cancelled));
    const before = await eventually('the newer event is handled', async () => {
      const now = await state();
      return now.reservation.length > 0 ? now : undefined;
    });
    expect(before.reservation).toEqual([{ status: 'closed' }]);

    const replayed = await world.run('dead-letters', 'replay', `broker:inventory:${late.id}`);
    expect(replayed).toMatchObject({ code: 0, stdout: '1 replayed\n' });
    await eventually('the older one is handled too', async () => {
      const [row] = await query('inventory', 'select 1 from inbox where message_id = $1', [late.id]);
      return row ? true : undefined;
    });
    expect(await state()).toEqual(before);
  }, 120_000);

  it('of the handlers of another service are listed and replayed when it is named', async () => {
    const [queue, deadLetters] = [listenerQueue('newsletter'), listenerDeadLetterQueue('newsletter')];
    const connection = await connect(world.cluster.amqpUrl);
    try {
      const channel = await connection.createConfirmChannel();
      for (const name of [queue, deadLetters])
        await channel.assertQueue(name, { arguments: { 'x-queue-type': 'quorum' } });
      channel.sendToQueue(deadLetters, Buffer.from('{}'), {
        ...{ messageId: 'one', persistent: true },
        headers: {
          ...{ reason: 'no such template', stack: 'Error: no such template\n    at newsletter.ts:7', attempt: 5 },
          ...{ service: 'newsletter', 'trace-id': 'ab'.repeat(16), 'replay-exchange': '', 'replay-routing-key': queue },
        },
      });
      await channel.waitForConfirms();

      const [letter] = await letters('--listener', 'newsletter', '--code', 'set_aside', '--service', 'order');
      expect(letter).toMatchObject({
        ...{ id: 'listener:newsletter:one', service: 'newsletter', reason: 'no such template', attempts: 5 },
        ...{ stack: expect.stringContaining('newsletter.ts:7'), traceId: 'ab'.repeat(16) },
      });
      const shown = (await world.run('dead-letters', 'show', letter!.id)).stdout;
      expect(shown).toMatch(/^service +newsletter$.*^trace +(ab)+$.*^stack:$.*newsletter\.ts:7/ms);
      expect(await world.run('dead-letters', 'replay', letter!.id)).toMatchObject({ code: 0, stdout: '1 replayed\n' });

      expect(await channel.get(queue, { noAck: true })).toMatchObject({ properties: { messageId: 'one' } });
      expect(await letters('--listener', 'newsletter', '--code', 'set_aside', '--service', 'order')).toEqual([]);
    } finally {
      await connection.close();
    }
  }, 120_000);

  it('of a service that is away are told in one sentence, and the others are listed', async () => {
    await world.cluster.service('payment').stop();
    const { code, stdout, stderr } = await world.run('dead-letters', 'list');
    await world.cluster.service('payment').start();
    expect(code).toBe(1);
    expect(stdout).toContain('broker:inventory:');
    expect(stderr).toMatch(/^payment does not answer at \S+ \(ECONNREFUSED\)\.\n$/);
  }, 120_000);
});
