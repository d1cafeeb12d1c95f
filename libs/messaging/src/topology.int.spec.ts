import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { brokerAdmin, throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { bindings, eventOf, queues, takeUntil, until } from '../test/facts.js';
import { inventoryTable, orderConfirmed, orderTable, tables } from '../test/sample-events.js';
import { Broker, checkTopology, declareTopology, TopologyDiffers, TopologyMissing, TopologyRefused } from './index.js';
import { partitionQueueOptions } from './queue-arguments.js';
import { queueStateOf } from './queue-state.js';

describe('the setup step', () => {
  let server: ThrowAwayBroker;
  const declare = (more: Partial<Parameters<typeof declareTopology>[0]> = {}) =>
    declareTopology({ url: server.url, tables, partitions: 2, ...more });

  beforeEach(async () => {
    server = await throwAwayBroker();
  });
  afterEach(() => server.drop());

  it('binds what a service hears once, and its 64 slots to its queues', async () => {
    await declare();
    const all = await bindings(server);
    expect(all.filter((binding) => binding.startsWith('quadrille.events'))).toEqual([
      'quadrille.events -> quadrille.inventory: order.confirmed.v1.*',
      'quadrille.events -> quadrille.inventory: order.placed.v1.*',
      'quadrille.events -> quadrille.order: inventory.stock-reserved.v1.*',
    ]);
    expect(all.filter((binding) => binding.includes('inventory.0of2'))).toHaveLength(32);
    expect(all).toContain('quadrille.inventory -> inventory.1of2: #.63');
    expect(await queues(server)).toEqual([
      'inventory.0of2',
      'inventory.1of2',
      'inventory.dead-letters',
      'order.0of2',
      'order.1of2',
      'order.dead-letters',
      'quadrille.topology',
    ]);
  });

  it('changes nothing when it runs again, also twice at the same time', async () => {
    await declare();
    const before = await bindings(server);
    await Promise.all([declare(), declare()]);
    expect(await bindings(server)).toEqual(before);
  });

  it('unbinds a type that is no longer heard', async () => {
    await declare();
    await declare({ tables: [orderTable, { ...inventoryTable, hears: ['order.placed.v1'] }] });
    const all = await bindings(server);
    expect(all).not.toContain('quadrille.events -> quadrille.inventory: order.confirmed.v1.*');
    expect(all).toContain('quadrille.events -> quadrille.inventory: order.placed.v1.*');
  });

  it('leaves a service alone that is not in the tables', async () => {
    await declare();
    const before = await bindings(server);
    await declare({ tables: [orderTable] });
    expect(await bindings(server)).toEqual(before);
    await declare({ tables: [{ ...inventoryTable, hears: ['order.placed.v1'] }] });
    expect(await bindings(server)).not.toContain('quadrille.events -> quadrille.inventory: order.confirmed.v1.*');
  });

  it('moves to another number of partitions and deletes the former queues', async () => {
    await declare();
    await declare({ partitions: { order: 2, inventory: 3 } });
    expect(await queues(server)).toEqual(expect.arrayContaining(['inventory.0of3', 'inventory.2of3', 'order.1of2']));
    expect(await queues(server)).not.toContain('inventory.0of2');
    const slots = (await bindings(server)).filter((binding) => binding.startsWith('quadrille.inventory -> inventory.'));
    expect(slots).toHaveLength(64 + 1);
  });

  it('refuses another number of partitions while messages are left, and changes nothing', async () => {
    await declare();
    const broker = await Broker.connect({ url: server.url, name: 'suite' });
    const event = orderConfirmed();
    await broker.publisher.publish(event);
    const before = await bindings(server);
    const change = declare({ partitions: { order: 2, inventory: 3 } });
    await expect(change).rejects.toThrow(TopologyRefused);
    await expect(change).rejects.toThrow(
      /inventory cannot go from 2 to 3 partitions: inventory\.[01]of2 still has 1 messages/,
    );
    expect(await bindings(server)).toEqual(before);

    const streams = await Promise.all(
      [0, 1].map((partition) => broker.openPartition({ service: 'inventory', partition, partitions: 2 })),
    );
    const taken = await Promise.race(streams.map((stream) => takeUntil(stream, ({ length }) => length === 1)));
    expect(taken.map(eventOf)).toEqual([event]);
    await broker.close();
    await declare({ partitions: { order: 2, inventory: 3 } });
    expect(await queues(server)).not.toContain('inventory.0of2');
  });

  it('loses nothing that comes in while the slots move', async () => {
    await declare();
    const broker = await Broker.connect({ url: server.url, name: 'suite' });
    const change = declare({ partitions: { order: 2, inventory: 3 } });
    await until('a queue of the new number', () => broker.ask((model) => queueStateOf(model, 'inventory.0of3')));
    const events = Array.from({ length: 60 }, () => orderConfirmed());
    for (const event of events) await broker.publisher.publish(event);
    await change;
    const streams = await Promise.all(
      [0, 1, 2].map((partition) => broker.openPartition({ service: 'inventory', partition, partitions: 3 })),
    );
    const missing = new Set(events.map(({ id }) => id));
    await Promise.all(
      streams.map(async (stream) => {
        for (let batch = await stream.take(50); batch.length > 0; batch = await stream.take(50)) {
          for (const message of batch) missing.delete(eventOf(message).id);
          if (missing.size === 0) await Promise.all(streams.map((one) => one.close()));
        }
      }),
    );
    await broker.close();
  });

  it('refuses a number of partitions that slots cannot be shared by', async () => {
    await expect(declare({ partitions: 65 })).rejects.toThrow('whole number of partitions from 1 to 64, not 65');
    await expect(declare({ partitions: { order: 2 } })).rejects.toThrow('inventory needs a whole number');
  });

  it('names every queue that is there with other arguments, and changes nothing', async () => {
    await declare();
    const before = await bindings(server);
    await replaceQueue('inventory.0of2', { ...partitionArguments, 'x-delivery-limit': 20 });
    await replaceQueue('order.dead-letters', { 'x-queue-type': 'classic' });
    const again = declare({ tables: [orderTable, { ...inventoryTable, hears: ['order.placed.v1'] }] });
    await expect(again).rejects.toThrow(TopologyRefused);
    await expect(again).rejects.toThrow(
      /^The queue order\.dead-letters was declared with x-queue-type = .*classic.*, where this version needs .*quorum.*: stop who uses it, let it drain, delete it, and run the setup step, or start its listener, again\.\nThe queue inventory\.0of2 was declared with x-delivery-limit = .*20.*, where this version needs .*1000000000.*again\.$/,
    );
    const left = before.filter((binding) => !/inventory\.0of2|order\.dead-letters/.test(binding));
    expect(await bindings(server)).toEqual(left);
  });

  it('names an exchange that is there as another', async () => {
    await brokerAdmin(server.adminUrl, 'PUT', `/api/exchanges/${server.vhost}/quadrille.events`, {
      type: 'fanout',
      durable: true,
    });
    await expect(declare()).rejects.toThrow(
      /^The exchange quadrille\.events was declared with type = .*fanout.*: stop who uses it, delete it, and run/,
    );
  });

  async function replaceQueue(queue: string, wanted: Readonly<Record<string, unknown>>): Promise<void> {
    const path = `/api/queues/${server.vhost}/${queue}`;
    await brokerAdmin(server.adminUrl, 'DELETE', path);
    await brokerAdmin(server.adminUrl, 'PUT', path, { durable: true, arguments: wanted });
  }
});

const partitionArguments = partitionQueueOptions('quadrille.inventory', 'dead-letters').arguments;

describe('the check of the topology', () => {
  let server: ThrowAwayBroker;
  const check = (partitions: number | Record<string, number> = 2) =>
    checkTopology(server.url, { table: inventoryTable, others: [orderTable], partitions });

  beforeEach(async () => {
    server = await throwAwayBroker();
  });
  afterEach(() => server.drop());

  it('passes when the setup step has run', async () => {
    await declareTopology({ url: server.url, tables, partitions: 2 });
    await check();
    const broker = await Broker.connect({ url: server.url, name: 'suite' });
    await checkTopology(broker, { table: inventoryTable, others: [orderTable], partitions: 2 });
    await broker.close();
  });

  it('misses the queues before the setup step has run', async () => {
    await expect(check()).rejects.toThrow(
      new TopologyMissing('the broker has no queues for inventory; run the setup step'),
    );
  });

  it('names both numbers of partitions when they differ', async () => {
    await declareTopology({ url: server.url, tables, partitions: 2 });
    await expect(check(8)).rejects.toThrow(
      'inventory is configured with PARTITIONS=8, but the broker has queues for 2; run the setup step',
    );
  });

  it('accepts that a listener has another number of partitions', async () => {
    await declareTopology({ url: server.url, tables, partitions: { order: 1, inventory: 2 } });
    await check();
  });

  it('misses the queues of a listener', async () => {
    await declareTopology({ url: server.url, tables: [inventoryTable], partitions: 2 });
    await expect(check()).rejects.toThrow(
      'the broker has no queues for order, which should hear inventory.stock-reserved.v1 of inventory; run the setup step',
    );
  });

  it('does not trust a setup step that has not come to its end', async () => {
    await declareTopology({ url: server.url, tables, partitions: 2 });
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/quadrille.topology/contents`);
    await expect(check()).rejects.toThrow('the setup step of the broker has not come to its end; run it');
  });

  it('does not pass on queues that another version declared with other arguments', async () => {
    await declareTopology({ url: server.url, tables, partitions: 2 });
    await deleteExchanges(/^quadrille\.inventory\.queues\./);
    await expect(check()).rejects.toThrow(TopologyDiffers);
    await expect(check()).rejects.toThrow(
      "inventory's queues have other arguments or bindings in the broker than this version needs; run this version's setup step",
    );
  });

  it('names the type that the setup step of another version has not bound, and minds no type beyond its own', async () => {
    const former = { ...inventoryTable, hears: ['order.placed.v1'] };
    await declareTopology({ url: server.url, tables, partitions: 2 });
    await checkTopology(server.url, { table: former, others: [], partitions: 2 });

    await declareTopology({ url: server.url, tables: [orderTable, former], partitions: 2 });
    await expect(check()).rejects.toThrow(TopologyDiffers);
    await expect(check()).rejects.toThrow(
      "inventory hears order.confirmed.v1, but the broker does not bring it; run this version's setup step",
    );
  });

  it('does not trust the seal of a number of partitions that was given up', async () => {
    const seals = () => exchanges(/^quadrille\.inventory\.queues\./);
    await declareTopology({ url: server.url, tables, partitions: 2 });
    const [first] = await seals();
    await declareTopology({ url: server.url, tables, partitions: { order: 2, inventory: 3 } });
    expect(await seals()).not.toContain(first);
    await declareTopology({ url: server.url, tables, partitions: 2 });
    expect(await seals()).toEqual([first]);
    await check();
  });

  async function exchanges(pattern: RegExp): Promise<string[]> {
    const all = (await brokerAdmin(server.adminUrl, 'GET', `/api/exchanges/${server.vhost}`)) as { name: string }[];
    return all.map(({ name }) => name).filter((name) => pattern.test(name));
  }

  async function deleteExchanges(pattern: RegExp): Promise<void> {
    for (const name of await exchanges(pattern))
      await brokerAdmin(server.adminUrl, 'DELETE', `/api/exchanges/${server.vhost}/${name}`);
  }

  it('misses a single queue', async () => {
    await declareTopology({ url: server.url, tables, partitions: 2 });
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/order.1of2`);
    await expect(check()).rejects.toThrow('the broker has no queue order.1of2; run the setup step');
  });
});
