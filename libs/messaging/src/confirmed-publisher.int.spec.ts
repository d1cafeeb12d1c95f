import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PublicEvent } from '@quadrille/contracts';
import { Registry, silentLogger } from '@quadrille/observability';
import { connect } from 'amqplib';
import { brokerAdmin, throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { cutConnection, eventOf, takeUntil } from '../test/facts.js';
import { orderCancelled, orderConfirmed, orderIdIn, tables, traceId } from '../test/sample-events.js';
import { ConfirmedChannel } from './confirmed-channel.js';
import { ConfirmedPublisher } from './confirmed-publisher.js';
import { BrokerConnection } from './connection.js';
import { Broker, declareTopology, type IncomingMessage, PublishUnknown } from './index.js';
import { brokerMetrics } from './metrics.js';
import { deadLetterRoutingKey, eventsExchange, serviceExchange } from './names.js';
import { partitionQueueOptions } from './queue-arguments.js';

const partitions = 2;

describe('publishing', () => {
  let server: ThrowAwayBroker;
  let broker: Broker;
  let registry: Registry;
  let since: Date;

  beforeAll(async () => {
    server = await throwAwayBroker();
    await declareTopology({ url: server.url, tables, partitions });
  });
  afterAll(() => server.drop());
  beforeEach(async () => {
    registry = new Registry();
    since = new Date();
    broker = await Broker.connect({ url: server.url, name: 'suite', registry });
  });
  afterEach(() => broker.close());

  const open = (partition: number) => broker.openPartition({ service: 'inventory', partition, partitions });
  const metric = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;

  it('brings the events of a subject to the queue of its partition, in their order', async () => {
    const subjects = [orderIdIn(0, partitions), orderIdIn(1, partitions)];
    const events = [1, 2, 3].flatMap((sequence) => subjects.map((subject) => orderConfirmed(subject, sequence)));
    await Promise.all(events.map((event) => broker.publisher.publish(event)));
    for (const [partition, subject] of subjects.entries()) {
      const taken = await takeUntil(await open(partition), ({ length }) => length === 3);
      expect(taken.map(eventOf)).toEqual(events.filter((event) => event.subject === subject));
    }
  });

  it('sends trace context and correlation in the headers', async () => {
    await broker.publisher.publish(orderConfirmed(orderIdIn(0, partitions)));
    const [message] = await takeUntil(await open(0), ({ length }) => length === 1);
    expect(message?.headers).toEqual({
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      correlationid: 'correlation-1',
      causationid: 'causation-1',
    });
  });

  it('has a thousand events in flight at once', async () => {
    const events = Array.from({ length: 1000 }, () => orderConfirmed(orderIdIn(0, partitions)));
    await Promise.all(events.map((event) => broker.publisher.publish(event)));
    const taken = await takeUntil(await open(0), ({ length }) => length === events.length);
    expect(taken.map((message) => eventOf(message).id)).toEqual(events.map(({ id }) => id));
    expect(await metric('quadrille_messages_published_total')).toBe(1000);
    expect(await metric('quadrille_publish_in_flight')).toBe(0);
  });

  describe('several events at the same moment', () => {
    const ofPartition = (partition: number, count: number) =>
      Array.from({ length: count }, () => orderConfirmed(orderIdIn(partition, partitions)));
    const publishAll = (publisher: ConfirmedPublisher, events: readonly PublicEvent[]) =>
      Promise.all(events.map((event) => publisher.publish(event)));
    const ids = (messages: readonly IncomingMessage[]) => messages.map((message) => eventOf(message).id);

    it('share messages of twenty events of one type and one partition', async () => {
      const own = await Broker.connect({
        url: server.url,
        name: 'own',
        registry,
        sharing: { partitions, eventsMax: 20 },
      });
      const [some, others] = [ofPartition(0, 45), ofPartition(1, 3)];
      const unheard = Array.from({ length: 4 }, () => orderCancelled(orderIdIn(0, partitions)));
      const refused = Promise.allSettled(unheard.map((event) => own.publisher.publish(event)));
      await publishAll(own.publisher, [...some, ...others]);
      expect((await refused).map(({ status }) => status)).toEqual(unheard.map(() => 'rejected'));
      expect(await metric('quadrille_messages_published_total')).toBe(3 + 1);
      expect(await metric('quadrille_messages_returned_total')).toBe(1);
      expect(ids(await takeUntil(await open(0), ({ length }) => length === 45))).toEqual(some.map(({ id }) => id));
      expect(ids(await takeUntil(await open(1), ({ length }) => length === 3))).toEqual(others.map(({ id }) => id));
      await own.close();
    });

    it('come to each queue of a reader with more partitions than the publisher thinks of, and are taken once', async () => {
      const own = await Broker.connect({ url: server.url, name: 'own', sharing: { partitions: 1, eventsMax: 20 } });
      const events = Array.from({ length: 18 }, (_, n) => orderConfirmed(orderIdIn(n % partitions, partitions)));
      const streams = [await open(0), await open(1)] as const;
      await publishAll(own.publisher, events);
      for (const [partition, stream] of streams.entries()) {
        const expected = events.filter((_, n) => n % partitions === partition);
        const last = orderConfirmed(orderIdIn(partition, partitions));
        const taken = takeUntil(stream, (messages) => ids(messages).includes(last.id));
        await own.publisher.publish(last);
        expect(ids(await taken)).toEqual([...expected, last].map(({ id }) => id));
        await stream.close();
      }
      // Everything was acknowledged: nothing comes before what is published now.
      for (const partition of [0, 1]) {
        const late = orderConfirmed(orderIdIn(partition, partitions));
        await own.publisher.publish(late);
        const stream = await open(partition);
        const next = await stream.take(10);
        stream.acknowledge(next);
        expect(ids(next)).toEqual([late.id]);
      }
      await own.close();
    });

    it('do not share a message that would become too large', async () => {
      const before = (await metric('quadrille_messages_published_total')) ?? 0;
      const own = await Broker.connect({
        url: server.url,
        name: 'own',
        registry,
        sharing: { partitions, eventsMax: 20 },
      });
      const events = ofPartition(0, 20).map((event) => ({
        ...event,
        // Beyond any contract: nobody reads it here.
        data: { ...event.data, filler: 'x'.repeat(20_000) },
      })) as PublicEvent[];
      await publishAll(own.publisher, events);
      expect(await metric('quadrille_messages_published_total')).toBe(before + 7);
      await takeUntil(await open(0), ({ length }) => length === 20);
      await own.close();
    });

    it('go before the broker is closed', async () => {
      const own = await Broker.connect({ url: server.url, name: 'own', sharing: { partitions, eventsMax: 20 } });
      const events = ofPartition(1, 5);
      const published = publishAll(own.publisher, events);
      await own.close();
      await published;
      expect(ids(await takeUntil(await open(1), ({ length }) => length === 5))).toEqual(events.map(({ id }) => id));
    });
  });

  it('does not know an event that no queue took', async () => {
    const published = broker.publisher.publish(orderCancelled());
    await expect(published).rejects.toThrow(PublishUnknown);
    await expect(published).rejects.toMatchObject({ reason: 'returned' });
    await expect(published).rejects.toThrow('no queue is bound for it; has the setup step run?');
    expect(await metric('quadrille_messages_returned_total')).toBe(1);
  });

  it('tells a returned event from its confirmed neighbours', async () => {
    const subject = orderIdIn(0, partitions);
    const results = await Promise.allSettled([
      broker.publisher.publish(orderConfirmed(subject)),
      broker.publisher.publish(orderCancelled()),
      broker.publisher.publish(orderConfirmed(orderIdIn(0, partitions))),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await takeUntil(await open(0), ({ length }) => length === 2);
  });

  it('keeps a later event of a subject back when an earlier one is unknown, and no other subject', async () => {
    const subject = orderIdIn(0, partitions);
    const results = await Promise.allSettled([
      broker.publisher.publish(orderCancelled(subject)),
      broker.publisher.publish(orderConfirmed(subject, 2)),
      broker.publisher.publish(orderConfirmed(orderIdIn(0, partitions))),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    const again = orderConfirmed(subject, 3);
    await broker.publisher.publish(again);
    const taken = await takeUntil(await open(0), ({ length }) => length === 2);
    expect(taken.map(eventOf)).toContainEqual(again);
    expect(taken.map((message) => eventOf(message).sequence)).not.toContain(2);
  });

  it('does not know an event that a full queue refused', async () => {
    const queue = `/api/queues/${server.vhost}/full`;
    const { durable, arguments: ours } = partitionQueueOptions(serviceExchange('inventory'), deadLetterRoutingKey);
    await brokerAdmin(server.adminUrl, 'PUT', queue, { durable, arguments: { ...ours, 'x-max-length': 1 } });
    await brokerAdmin(server.adminUrl, 'POST', `/api/bindings/${server.vhost}/e/quadrille.events/q/full`, {
      routing_key: 'order.cancelled.v1.*',
    });
    const reasons = [];
    for (let n = 0; n < 5; n++)
      reasons.push(
        await broker.publisher.publish(orderCancelled()).then(
          () => 'confirmed',
          (error: PublishUnknown) => error.reason,
        ),
      );
    await brokerAdmin(server.adminUrl, 'DELETE', queue);
    expect(reasons).toContain('confirmed');
    expect(reasons.at(-1)).toBe('nack');
    expect(await metric('quadrille_messages_nacked_total')).toBeGreaterThanOrEqual(1);
  });

  it('does not know an event whose exchange was deleted, and confirms it after the setup step has run again', async () => {
    const event = orderConfirmed(orderIdIn(0, partitions));
    const admin = await connect(server.url);
    await (await admin.createChannel()).deleteExchange(eventsExchange);
    await admin.close();

    await expect(broker.publisher.publish(event)).rejects.toThrow(PublishUnknown);
    await declareTopology({ url: server.url, tables, partitions });
    await broker.publisher.publish(event);

    await takeUntil(await open(0), ({ length }) => length === 1);
  });

  it('loses nothing when the broker ends the connection in the middle and unknown events are repeated', async () => {
    const subjects = Array.from({ length: 20 }, () => orderIdIn(1, partitions));
    const sequences = Array.from({ length: 60 }, (_, n) => n + 1);
    let unknown = 0;
    const publishAll = async (subject: string) => {
      for (const sequence of sequences) {
        const event = orderConfirmed(subject, sequence);
        for (let confirmed = false; !confirmed;)
          confirmed = await broker.publisher.publish(event).then(
            () => true,
            () => ((unknown += 1), false),
          );
        if (sequence === 20 && subject === subjects[0]) await cutConnection(server, 'suite publish', since);
      }
    };
    await Promise.all(subjects.map(publishAll));
    const last = sequences.length;
    const finished = new Set<string>();
    const stream = await open(1);
    const taken = await takeUntil(stream, (messages) => {
      for (const message of messages.slice(-50)) {
        const { subject, sequence } = eventOf(message);
        if (sequence === last) finished.add(subject);
      }
      return finished.size === subjects.length;
    });
    for (const subject of subjects) {
      const seen = taken.map(eventOf).filter((event) => event.subject === subject);
      const firstCopies = [...new Set(seen.map(({ sequence }) => sequence))];
      expect(firstCopies).toEqual(sequences);
    }
    expect(await metric('quadrille_broker_reconnects_total')).toBe(1);
    expect(taken.length).toBeGreaterThanOrEqual(subjects.length * last);
    expect(taken.length).toBeLessThanOrEqual(subjects.length * last + unknown);
  });

  it('refuses events once it is closed, and has confirmed those in flight', async () => {
    const inFlight = Array.from({ length: 50 }, () => broker.publisher.publish(orderConfirmed()));
    await broker.close();
    await Promise.all(inFlight);
    await expect(broker.publisher.publish(orderConfirmed())).rejects.toMatchObject({ reason: 'closed' });
    expect(broker.isUp()).toEqual({ publishing: false, consuming: false, blocked: false });
  });
});

describe('a broker that does not take messages', () => {
  let server: ThrowAwayBroker;
  let connection: BrokerConnection;
  let channel: ConfirmedChannel;
  let publisher: ConfirmedPublisher;
  /** Long enough for a confirm on a machine that has much else to do. */
  const confirmTimeoutMs = 2_000;

  beforeEach(async () => {
    server = await throwAwayBroker();
    await declareTopology({ url: server.url, tables, partitions: 1 });
    connection = new BrokerConnection({ url: server.url, name: 'suite', heartbeatSeconds: 5, logger: silentLogger });
    channel = new ConfirmedChannel({ connection, confirmTimeoutMs, metrics: brokerMetrics(), logger: silentLogger });
    publisher = new ConfirmedPublisher(channel);
    await channel.ready();
    await publisher.publish(orderConfirmed());
  });
  afterEach(async () => {
    await channel.close();
    await connection.close();
    await server.drop();
  });

  it('makes events unknown at their deadline while it blocks, and confirms them when it does so no longer', async () => {
    const model = await connection.ready();
    model.emit('blocked', 'low on memory');
    await expect(publisher.publish(orderConfirmed())).rejects.toMatchObject({ reason: 'blocked' });
    const waiting = publisher.publish(orderConfirmed());
    model.emit('unblocked');
    await waiting;
  });

  it('makes an event unknown when its confirm is late, and confirms the next on a new channel', async () => {
    const model = await connection.ready();
    const openChannel = jest.spyOn(model, 'createConfirmChannel');
    // The connection's door for incoming frames, which amqplib does not type: closed, the confirm never comes in.
    const stream = (model.connection as unknown as { stream: { pause(): void; resume(): void; read(): unknown } })
      .stream;
    const read = stream.read.bind(stream);
    stream.read = () => null;
    const late = publisher.publish(orderConfirmed());
    await expect(late).rejects.toMatchObject({ reason: 'timeout' });
    stream.read = read;
    await publisher.publish(orderConfirmed());
    expect(openChannel).toHaveBeenCalledTimes(1);
  });
});
