import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PublicEvent } from '@quadrille/contracts';
import { Registry } from '@quadrille/observability';
import { brokerAdmin, throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { cutConnection, eventOf, takeUntil } from '../test/facts.js';
import { orderConfirmed, tables, traceId } from '../test/sample-events.js';
import { Broker, declareTopology, listSetAside, replaySetAside, type PartitionStream } from './index.js';
import { eventsExchange, serviceExchange } from './names.js';
import { queueStateOf } from './queue-state.js';

describe('the stream of a partition', () => {
  let server: ThrowAwayBroker;
  let broker: Broker;
  let registry: Registry;
  let since: Date;

  beforeAll(async () => {
    server = await throwAwayBroker();
    await declareTopology({ url: server.url, tables, partitions: 1 });
  });
  afterAll(() => server.drop());
  beforeEach(async () => {
    registry = new Registry();
    since = new Date();
    broker = await Broker.connect({ url: server.url, name: 'suite', registry });
  });
  afterEach(async () => {
    await broker.close();
    for (const queue of ['inventory.0of1', 'inventory.dead-letters'])
      await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/${queue}/contents`);
  });

  const open = (prefetch = 250) =>
    broker.openPartition({ service: 'inventory', partition: 0, partitions: 1, prefetch });
  const publish = async (count: number): Promise<PublicEvent[]> => {
    const events = Array.from({ length: count }, (_, n) => orderConfirmed(undefined, n + 1));
    for (const event of events) await broker.publisher.publish(event);
    return events;
  };
  const takeSome = async (stream: PartitionStream, count: number) => {
    const taken = [];
    while (taken.length < count) {
      const more = await stream.take(count - taken.length);
      if (more.length === 0) throw new Error('the stream was closed');
      taken.push(...more);
    }
    return taken;
  };

  const setAside = async () => (await listSetAside(server.url, 'inventory.dead-letters')).messages;

  it('gives no more at once than was asked for, and again what was not acknowledged, in its old order', async () => {
    const events = await publish(30);
    const first = await open();
    const taken = await takeSome(first, 10);
    expect(taken.map(eventOf)).toEqual(events.slice(0, 10));
    expect(taken.map(({ deliveryCount }) => deliveryCount)).toEqual(Array(10).fill(0));
    first.acknowledge(taken.slice(0, 3));
    first.acknowledge([5, 7].flatMap((n) => taken[n] ?? []));
    await first.close();

    const left = events.filter((_, n) => n > 2 && n !== 5 && n !== 7);
    const again = await takeUntil(await open(), ({ length }) => length === left.length);
    expect(again.map(eventOf)).toEqual(left);
    expect(again[0]?.deliveryCount).toBe(1);
  });

  it('answers with nothing once it is closed, also to who waits already', async () => {
    const stream = await open();
    const waiting = stream.take(10);
    await stream.close();
    expect(await waiting).toEqual([]);
    expect(await stream.take(10)).toEqual([]);
  });

  it('loses no acknowledgement when it is closed at once after', async () => {
    await publish(200);
    const stream = await open();
    stream.acknowledge(await takeSome(stream, 200));
    await stream.close();
    const [late] = await publish(1);
    const next = await open();
    expect((await next.take(10)).map(eventOf)).toEqual([late]);
  });

  it('survives a message that is acknowledged twice', async () => {
    const events = await publish(3);
    const stream = await open();
    const [first, second] = await takeSome(stream, 2);
    if (!first || !second) throw new Error('two were taken');
    stream.acknowledge([first]);
    stream.acknowledge([first]);
    stream.acknowledge([first, second]);
    expect((await stream.take(1)).map(eventOf)).toEqual([events[2]]);
    const later = await publish(1);
    expect((await stream.take(1)).map(eventOf)).toEqual(later);
    // On a new channel something would have come again.
    expect(await registry.getSingleMetricAsString('quadrille_messages_delivered_total')).toContain(
      'quadrille_messages_delivered_total{service="inventory"} 4',
    );
  });

  describe('a batch of events', () => {
    const publishTogether = async (count: number): Promise<PublicEvent[]> => {
      const own = await Broker.connect({ url: server.url, name: 'own', sharing: { partitions: 1, eventsMax: 20 } });
      const events = Array.from({ length: count }, (_, n) => orderConfirmed(undefined, n + 1));
      await Promise.all(events.map((event) => own.publisher.publish(event)));
      await own.close();
      return events;
    };
    /** Nothing comes before what is published now: all that was delivered before is acknowledged. */
    const expectAcknowledged = async () => {
      const [late] = await publish(1);
      const next = await open();
      expect((await next.take(10)).map(eventOf)).toEqual([late]);
    };

    it('is acknowledged with the last of them: until then all of them come again', async () => {
      const events = await publishTogether(4);
      const first = await open();
      const taken = await takeSome(first, 4);
      expect(taken.map(eventOf)).toEqual(events);
      first.acknowledge(taken.slice(1));
      await first.close();

      const second = await open();
      const again = await takeSome(second, 4);
      expect(again.map(eventOf)).toEqual(events);
      expect(again.map(({ deliveryCount }) => deliveryCount)).toEqual([1, 1, 1, 1]);
      second.acknowledge(again.slice(2));
      second.acknowledge(again.slice(0, 2));
      await second.close();
      await expectAcknowledged();
    });

    it('has one of them set aside alone, from where it is replayed alone', async () => {
      const events = await publishTogether(3);
      const stream = await open();
      const taken = await takeSome(stream, 3);
      await stream.setAside(taken[1]!, 'not understood');
      stream.acknowledge([taken[0]!, taken[2]!]);
      const [letter, ...more] = await setAside();
      expect(more).toEqual([]);
      expect(letter).toMatchObject({
        messageId: events[1]?.id,
        type: 'order.confirmed.v1',
        reason: 'not understood',
        traceId,
      });
      expect(JSON.parse(letter?.body ?? '')).toEqual(events[1]);
      expect(await replaySetAside(server.url, 'inventory.dead-letters')).toMatchObject({ replayed: 1 });
      const [replayed] = await takeUntil(stream, ({ length }) => length === 1);
      expect(replayed && eventOf(replayed)).toEqual(events[1]);
      await stream.close();
      await expectAcknowledged();
    });

    it.each([
      ['a batch of garbage', JSON.stringify([{ id: 'x'.repeat(300) }])],
      ['what calls itself a batch and is none', 'nonsense'],
      ['what is nested too deep to be written again', `[{"data":${'['.repeat(20_000)}${']'.repeat(20_000)}}]`],
    ])('sets aside once, and does not bring back, %s', async (_what, body) => {
      const headers = { CC: ['order.confirmed.v1.3', 'order.confirmed.v1.4'] };
      await broker.outgoing.send({
        exchange: eventsExchange,
        routingKey: 'order.confirmed.v1.2',
        body: Buffer.from(body),
        messageId: 'garbage',
        contentType: 'application/cloudevents-batch+json',
        headers,
      });
      const stream = await open();
      const [garbage] = await takeSome(stream, 1);
      await stream.setAside(garbage!, 'not understood');
      const [later] = await publish(1);
      const [next] = await takeSome(stream, 1);
      expect(Buffer.from(next!.body).toString() === JSON.stringify(later)).toBe(true);
      await stream.close();
      const letters = await setAside();
      expect(letters.map((letter) => body.includes(letter.body))).toEqual([true]);
    });

    it('keeps what no key of its own has led anywhere', async () => {
      await broker.outgoing.send({
        exchange: eventsExchange,
        routingKey: 'order.confirmed.v1.odd',
        body: Buffer.from('[{}]'),
        messageId: 'odd',
        contentType: 'application/cloudevents-batch+json',
        headers: { CC: ['order.confirmed.v1.4'] },
      });
      const stream = await open();
      expect((await takeSome(stream, 1)).map(({ json }) => json)).toEqual([{}]);
    });

    it('comes in parts to who takes few at a time', async () => {
      const events = await publishTogether(5);
      const stream = await open();
      for (const expected of [events.slice(0, 2), events.slice(2, 4), events.slice(4)]) {
        const taken = await stream.take(2);
        expect(taken.map(eventOf)).toEqual(expected);
        stream.acknowledge(taken);
      }
    });
  });

  it('holds no more than its prefetch', async () => {
    const events = await publish(12);
    const stream = await open(5);
    const five = await takeSome(stream, 5);
    expect(await broker.ask((model) => queueStateOf(model, 'inventory.0of1'))).toMatchObject({ messageCount: 7 });
    const more = stream.take(50);
    stream.acknowledge(five);
    expect((await more).map(eventOf)[0]).toEqual(events[5]);
  });

  it('comes back after the broker ended the connection: everything unacknowledged again, in order', async () => {
    const events = await publish(40);
    const stream = await open();
    const taken = await takeSome(stream, 10);
    stream.acknowledge(taken.slice(0, 4));
    await cutConnection(server, 'suite consume', since);
    const again = await takeUntil(
      stream,
      (messages) => messages.length > 0 && eventOf(messages.at(-1)!).id === events.at(-1)?.id,
    );
    stream.acknowledge(taken);
    const ids = again.map((message) => eventOf(message).id);
    // What had been buffered before the cut may come first; from then on all that was not acknowledged runs in order.
    expect(ids.slice(-36)).toEqual(events.slice(4).map(({ id }) => id));
  });

  it('subscribes again when its queue was deleted and is declared again', async () => {
    const stream = await open();
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/inventory.0of1`);
    await declareTopology({ url: server.url, tables, partitions: 1 });
    const events = await publish(3);
    expect((await takeUntil(stream, ({ length }) => length === 3)).map(eventOf)).toEqual(events);
  });

  it('can be opened before its queue exists', async () => {
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/inventory.0of1`);
    const stream = await open();
    await declareTopology({ url: server.url, tables, partitions: 1 });
    const events = await publish(1);
    expect((await takeUntil(stream, ({ length }) => length === 1)).map(eventOf)).toEqual(events);
  });

  it('hands over to the next consumer without overtaking', async () => {
    const events = await publish(100);
    const first = await open(20);
    const second = await open(20);
    const taken = await takeSome(first, 15);
    first.acknowledge(taken);
    await first.close();
    const rest = await takeUntil(second, ({ length }) => length === 85);
    expect(rest.map(eventOf)).toEqual(events.slice(15));
  });

  it('sets a message aside with its reason, service, attempt and trace id', async () => {
    const [event] = await publish(2);
    const stream = await open();
    const [message] = await takeSome(stream, 1);
    if (!message) throw new Error('one was taken');
    await stream.setAside(message, 'nobody can read this');
    await stream.close();
    expect(await setAside()).toEqual([
      expect.objectContaining({
        messageId: event?.id,
        reason: 'nobody can read this',
        service: 'inventory',
        attempt: 1,
        traceId,
        firstFailedAt: expect.any(String),
        body: JSON.stringify(event),
      }),
    ]);
    const next = await open();
    expect((await takeUntil(next, ({ length }) => length === 1)).map((one) => eventOf(one).sequence)).toEqual([2]);
    expect(await registry.getSingleMetricAsString('quadrille_messages_set_aside_total')).toContain('} 1');
  });

  it('sets a message aside with headers that are read and cannot be written again, but for those', async () => {
    const headers = {
      // A table whose only key is `!`.
      odd: { '!': 'object', value: { '!': 'x' } },
      inside: [{ far: { '!': 'double', value: -1e300 } }],
      kept: 'yes',
      at: { '!': 'timestamp', value: 1_700_000_000 },
    };
    await broker.outgoing.send({
      ...{ exchange: serviceExchange('inventory'), routingKey: 'order.confirmed.v1.0', messageId: 'odd' },
      ...{ body: Buffer.from('garbage'), contentType: 'text/plain', headers },
    });
    const stream = await open();
    const [message] = await takeSome(stream, 1);
    if (!message) throw new Error('one was taken');
    await stream.setAside(message, 'nobody can read this');
    await stream.close();
    const letter = (await setAside()).at(-1);
    expect(letter).toMatchObject({ messageId: 'odd', headers: { kept: 'yes', at: { value: 1_700_000_000 } } });
    expect(Object.keys(letter?.headers ?? {})).not.toEqual(expect.arrayContaining(['odd']));
    expect(Object.keys(letter?.headers ?? {})).not.toEqual(expect.arrayContaining(['inside']));
  });

  it('sets a message aside whose headers are as large as can be, and whose reason is long', async () => {
    const huge = { junk: 'ü'.repeat(32_000), traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    await broker.outgoing.send({
      ...{ exchange: serviceExchange('inventory'), routingKey: 'order.confirmed.v1.0', messageId: 'huge' },
      ...{ body: Buffer.from('garbage'), contentType: 'text/plain', headers: huge },
    });
    const stream = await open();
    const [message] = await takeSome(stream, 1);
    if (!message) throw new Error('one was taken');
    await stream.setAside(message, 'nobody can read this. '.repeat(1_000));
    await stream.close();
    const letters = await setAside();
    expect(letters.at(-1)).toMatchObject({
      messageId: 'huge',
      body: 'garbage',
      reason: expect.stringMatching(/^nobody/),
    });
    expect(letters.at(-1)?.headers).not.toHaveProperty('junk');
  });

  it('keeps a message that could not be set aside', async () => {
    const [event] = await publish(1);
    const stream = await open();
    const [message] = await takeSome(stream, 1);
    if (!message) throw new Error('one was taken');
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/inventory.dead-letters`);
    await expect(stream.setAside(message, 'garbage')).rejects.toMatchObject({ reason: 'returned' });
    await stream.close();
    expect((await takeUntil(await open(), ({ length }) => length === 1)).map(eventOf)).toEqual([event]);
    await declareTopology({ url: server.url, tables, partitions: 1 });
  });
});
