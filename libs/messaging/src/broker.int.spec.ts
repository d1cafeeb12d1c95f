import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { cutConnections, eventOf, takeUntil } from '../test/facts.js';
import { orderCancelled, orderConfirmed, orderIdIn, tables } from '../test/sample-events.js';
import { Broker, declareTopology } from './index.js';

const partitions = 2;

describe('a service and its broker', () => {
  let server: ThrowAwayBroker;
  let broker: Broker;

  beforeAll(async () => {
    server = await throwAwayBroker();
    await declareTopology({ url: server.url, tables, partitions });
  });
  afterAll(() => server.drop());
  beforeEach(async () => {
    broker = await Broker.connect({ url: server.url, name: 'suite' });
  });
  afterEach(() => broker.close());

  const open = (partition: number) => broker.openPartition({ service: 'inventory', partition, partitions });

  it('delivers the events of a subject to the queue of its partition, in their order', async () => {
    const [inZero, inOne] = [orderIdIn(0, partitions), orderIdIn(1, partitions)];
    const events = [1, 2, 3].flatMap((sequence) => [orderConfirmed(inZero, sequence), orderConfirmed(inOne, sequence)]);
    await Promise.all(events.map((event) => broker.publisher.publish(event)));
    for (const [partition, subject] of [inZero, inOne].entries()) {
      const stream = await open(partition);
      const taken = await takeUntil(stream, ({ length }) => length === 3);
      expect(taken.map(eventOf)).toEqual(events.filter((event) => event.subject === subject));
      expect(taken.every(({ deliveryCount }) => deliveryCount === 0)).toBe(true);
    }
  });

  it('refuses an event that no queue hears', async () => {
    await expect(broker.publisher.publish(orderCancelled())).rejects.toMatchObject({ reason: 'returned' });
  });

  it('has many events in flight', async () => {
    const events = Array.from({ length: 1000 }, () => orderConfirmed());
    await Promise.all(events.map((event) => broker.publisher.publish(event)));
    const streams = await Promise.all([open(0), open(1)]);
    const seen = new Set<string>();
    await Promise.all(
      streams.map(async (stream) => {
        while (seen.size < events.length) {
          const batch = await stream.take(100);
          for (const message of batch) seen.add(eventOf(message).id);
          stream.acknowledge(batch);
          if (seen.size === events.length) await Promise.all(streams.map((one) => one.close()));
        }
      }),
    );
    expect(seen).toEqual(new Set(events.map(({ id }) => id)));
  });

  it('loses nothing when the broker ends the publishing connection', async () => {
    void cutConnections;
  });
});
