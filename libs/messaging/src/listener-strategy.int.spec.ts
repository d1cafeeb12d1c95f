import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { fact, type PublicEvent } from '@quadrille/contracts';
import { brokerAdmin, throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { of, throwError } from 'rxjs';
import { behaviour, Forgivable, ListeningModule, seen } from '../test/listening-app.js';
import { cutConnection, until } from '../test/facts.js';
import { orderCancelled, orderConfirmed, traceId } from '../test/sample-events.js';
import {
  Broker,
  eventsExchange,
  listenTo,
  listSetAside,
  RabbitListenerStrategy,
  rememberFailure,
  replaySetAside,
  TopologyRefused,
} from './index.js';

const deadLetters = 'mailer.listener.dead-letters';

describe('an application that listens', () => {
  let server: ThrowAwayBroker;
  let app: INestApplication;
  let broker: Broker;
  let since: Date;
  let letGo: () => void;
  let held: Promise<void>;

  beforeAll(async () => {
    server = await throwAwayBroker();
    broker = await Broker.connect({ url: server.url, name: 'suite' });
  });
  afterAll(async () => {
    await broker.close();
    await server.drop();
  });
  beforeEach(async () => {
    seen.length = 0;
    since = new Date();
    held = new Promise<void>((resolve) => (letGo = resolve));
    behaviour.onConfirmed = () => undefined;
    app = await start();
  });
  afterEach(async () => {
    letGo();
    await app.close();
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/${deadLetters}/contents`);
  });

  async function start(): Promise<INestApplication> {
    const application = await NestFactory.create(ListeningModule, new FastifyAdapter(), { logger: false });
    await listenTo(application, {
      url: server.url,
      service: 'mailer',
      retry: { attemptsMax: 3, firstDelayMs: 50, factor: 2 },
    });
    return application;
  }
  const publish = (event: PublicEvent) => broker.publisher.publish(event);
  const sees = (what: string) => until(what, async () => seen.includes(what));
  const setAside = (count = 1) =>
    until(`${count} dead letters`, async () => {
      const { messages } = await listSetAside(server.url, deadLetters);
      return messages.length === count && messages;
    });
  const isEmpty = () =>
    until('an empty queue', async () => {
      const state = await broker.ask(async (model) => {
        const channel = await model.createChannel();
        const answer = await channel.checkQueue('mailer.listener');
        await channel.close();
        return answer;
      });
      return state.messageCount === 0;
    });

  it('hears a typed event through guard, interceptor and pipe', async () => {
    await publish(orderConfirmed());
    await sees('interceptor after');
    expect(seen).toEqual(['guard 1', 'interceptor before', 'pipe', 'handler 1 attempt 1 piped', 'interceptor after']);
  });

  it('does not handle what a guard forbids, and sets it aside with the guard’s reason', async () => {
    await publish(orderConfirmed(undefined, 403));
    const [letter] = await setAside();
    expect(letter?.reason).toBe('ForbiddenException: not for these ears');
    expect(seen).toEqual(['guard 403', 'guard 403', 'guard 403']);
  });

  it('takes an error that a filter answers for handled', async () => {
    behaviour.onConfirmed = () => {
      throw new Forgivable('never mind');
    };
    await publish(orderConfirmed());
    await sees('filter never mind');
    behaviour.onConfirmed = () => undefined;
    await publish(orderConfirmed(undefined, 2));
    await sees('handler 2 attempt 1 piped');
    await app.close();
    await isEmpty();
    expect(seen).not.toContain('handler 1 attempt 2 piped');
  });

  it('hears the events of a batch one by one, and again only the one that failed', async () => {
    const together = await Broker.connect({
      url: server.url,
      name: 'together',
      sharing: { partitions: 1, eventsMax: 20 },
    });
    behaviour.onConfirmed = ({ sequence }, { attempt }) =>
      sequence === 2 && attempt === 1 ? throwError(() => new Error('not yet')) : undefined;
    await Promise.all([1, 2, 3].map((sequence) => together.publisher.publish(orderConfirmed(undefined, sequence))));
    await together.close();
    await sees('handler 2 attempt 2 piped');
    await app.close();
    await isEmpty();
    const heard = seen.filter((what) => what.startsWith('handler'));
    expect(heard.sort()).toEqual([
      'handler 1 attempt 1 piped',
      'handler 2 attempt 1 piped',
      'handler 2 attempt 2 piped',
      'handler 3 attempt 1 piped',
    ]);
  });

  it('handles no more at once than was asked for, however many events come in a batch', async () => {
    const together = await Broker.connect({
      url: server.url,
      name: 'together',
      sharing: { partitions: 1, eventsMax: 50 },
    });
    let [running, most] = [0, 0];
    behaviour.onConfirmed = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    const sequences = Array.from({ length: 50 }, (_, n) => n + 1);
    await Promise.all(sequences.map((sequence) => together.publisher.publish(orderConfirmed(undefined, sequence))));
    await together.close();
    for (const sequence of sequences) await sees(`handler ${sequence} attempt 1 piped`);
    await app.close();
    await isEmpty();
    expect(most).toBe(20);
  });

  it('lets each event of a batch that comes again go its own way', async () => {
    const together = await Broker.connect({
      url: server.url,
      name: 'together',
      sharing: { partitions: 1, eventsMax: 20 },
    });
    behaviour.onConfirmed = () => held;
    await Promise.all([1, 2, 3].map((sequence) => together.publisher.publish(orderConfirmed(undefined, sequence))));
    await sees('handler 3 attempt 1 piped');
    const counts: unknown[] = [];
    behaviour.onConfirmed = (_event, { headers }) => void counts.push(headers['x-delivery-count']);
    await cutConnection(server, 'mailer listener consume', since);
    await until('each of them again', async () => counts.length === 3);
    letGo();
    await together.close();
    await app.close();
    await isEmpty();
    // As messages of their own they had come for the first time.
    expect(counts).toEqual([undefined, undefined, undefined]);
  });

  it('tries again after growing waits and succeeds', async () => {
    behaviour.onConfirmed = (_event, { attempt }) =>
      attempt < 3 ? throwError(() => new Error('not yet')) : Promise.resolve();
    await publish(orderConfirmed());
    await sees('handler 1 attempt 3 piped');
    await app.close();
    expect((await listSetAside(server.url, deadLetters)).messages).toEqual([]);
  });

  it('ends in the dead-letter queue when attempts are used up, with reason, service, attempt and trace id', async () => {
    behaviour.onConfirmed = () => Promise.reject(new TypeError('the printer is on fire'));
    const event = orderConfirmed();
    await publish(event);
    const [letter] = await setAside();
    expect(letter).toMatchObject({
      messageId: event.id,
      type: event.type,
      reason: 'TypeError: the printer is on fire',
      stack: expect.stringMatching(/^TypeError: the printer is on fire\n +at .*listener-strategy\.int\.spec/),
      service: 'mailer',
      attempt: 3,
      traceId,
      body: JSON.stringify(event),
    });
    expect(Date.parse(letter?.firstFailedAt ?? '')).toBeLessThan(Date.parse(letter?.setAsideAt ?? ''));
  });

  it('handles a dead letter that is replayed', async () => {
    behaviour.onConfirmed = () => Promise.reject(new Error('out of paper'));
    const [first, second] = [orderConfirmed(undefined, 1), orderConfirmed(undefined, 2)];
    await publish(first);
    await setAside(1);
    await publish(second);
    await setAside(2);
    behaviour.onConfirmed = () => undefined;
    seen.length = 0;
    expect(await replaySetAside(server.url, deadLetters, { messageId: second.id })).toMatchObject({ replayed: 1 });
    await sees('handler 2 attempt 1 piped');
    expect((await setAside(1)).map(({ messageId }) => messageId)).toEqual([first.id]);
    expect(await replaySetAside(server.url, deadLetters)).toMatchObject({ replayed: 1 });
    await sees('handler 1 attempt 1 piped');
    expect((await listSetAside(server.url, deadLetters)).messages).toEqual([]);
  });

  it.each([
    ['not JSON', 'this is no event', 'the body is not JSON'],
    ['an envelope without an id', JSON.stringify({ ...orderConfirmed(), id: undefined }), 'no usable envelope'],
    [
      'a wrong owner',
      JSON.stringify({ ...orderConfirmed(), source: '/payment' }),
      'belongs to order, but came from /payment',
    ],
    [
      'an unknown version',
      JSON.stringify({ ...orderConfirmed(), type: 'order.confirmed.v9' }),
      'order.confirmed.v9 is not known here',
    ],
    [
      'unreadable data',
      JSON.stringify({ ...orderConfirmed(), data: fact('order.confirmed.v1', {} as never).data }),
      'order.confirmed.v1: ',
    ],
  ])('sets %s aside at once, and goes on', async (_case, body, reason) => {
    await broker.outgoing.send({
      exchange: eventsExchange,
      routingKey: 'order.confirmed.v1.0',
      body: Buffer.from(body),
      messageId: 'odd-one',
      contentType: 'application/json',
      headers: {},
    });
    const [letter] = await setAside();
    expect(letter?.reason).toContain(reason);
    expect(letter).toMatchObject({ messageId: 'odd-one', service: 'mailer', attempt: 1 });
    expect(seen).toEqual([]);
    await publish(orderConfirmed());
    await sees('interceptor after');
  });

  it('waits for the last value of an Observable, and for every handler of an event', async () => {
    await publish(orderCancelled());
    await sees('slow order.cancelled.v1 1');
    await app.close();
    expect(seen.filter((line) => line.includes('order.cancelled.v1')).sort()).toEqual([
      'quick order.cancelled.v1',
      'slow order.cancelled.v1 1',
      'slow order.cancelled.v1 2',
      'slow order.cancelled.v1 3',
    ]);
    await isEmpty();
  });

  it('finishes running handlers when it is closed, and loses none of their acknowledgements', async () => {
    behaviour.onConfirmed = () => held;
    for (const sequence of [1, 2, 3]) await publish(orderConfirmed(undefined, sequence));
    await sees('handler 3 attempt 1 piped');
    let isClosed = false;
    const closing = app.close().then(() => (isClosed = true));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(isClosed).toBe(false);
    letGo();
    await closing;
    await isEmpty();
    seen.length = 0;
    behaviour.onConfirmed = () => of('done');
    app = await start();
    await publish(orderConfirmed(undefined, 4));
    await sees('handler 4 attempt 1 piped');
    expect(seen.filter((line) => line.startsWith('handler'))).toEqual(['handler 4 attempt 1 piped']);
  });

  it('hears again after the broker ended its connections', async () => {
    let calls = 0;
    behaviour.onConfirmed = () => (++calls === 1 ? held : undefined);
    await publish(orderConfirmed(undefined, 1));
    await sees('handler 1 attempt 1 piped');
    await cutConnection(server, 'mailer listener consume', since);
    await until('the same message again', async () => calls === 2);
    letGo();
    await publish(orderConfirmed(undefined, 2));
    await sees('handler 2 attempt 1 piped');
    await app.close();
    await isEmpty();
  });
});

describe('a microservice without HTTP', () => {
  it('hears on the same transport', async () => {
    const server = await throwAwayBroker();
    const broker = await Broker.connect({ url: server.url, name: 'suite' });
    const strategy = new RabbitListenerStrategy({ url: server.url, service: 'printer', retry: { attemptsMax: 1 } });
    const microservice = await NestFactory.createMicroservice(ListeningModule, { strategy, logger: false });
    microservice.registerPreRequestHook(rememberFailure);
    await microservice.listen();
    seen.length = 0;
    behaviour.onConfirmed = (event) => {
      if (event.sequence === 2) throw new RangeError('no such page');
    };
    await broker.publisher.publish(orderConfirmed(undefined, 1));
    await until('a handled event', async () => seen.includes('interceptor after'));
    await broker.publisher.publish(orderConfirmed(undefined, 2));
    const [letter] = await until('a dead letter', async () => {
      const { messages: letters } = await listSetAside(server.url, 'printer.listener.dead-letters');
      return letters.length > 0 && letters;
    });
    expect(letter?.reason).toBe('RangeError: no such page');
    await microservice.close();
    await broker.close();
    await server.drop();
  });

  it('does not start on a queue that was declared with other arguments, and says what to change', async () => {
    const server = await throwAwayBroker();
    await brokerAdmin(server.adminUrl, 'PUT', `/api/queues/${server.vhost}/mailer.listener`, { durable: true });
    const strategy = new RabbitListenerStrategy({ url: server.url, service: 'mailer' });
    const app = await NestFactory.createMicroservice(ListeningModule, { strategy, logger: false });
    const listening = new Promise((resolve, reject) =>
      strategy.listen((error) => (error instanceof Error ? reject(error) : resolve(undefined))),
    );
    try {
      await expect(listening).rejects.toThrow(TopologyRefused);
      await expect(listening).rejects.toThrow(
        /^The queue mailer\.listener was declared with x-[a-z-]+ = .*, where this version needs .*: stop who uses it, let it drain/,
      );
    } finally {
      await strategy.close();
      await app.close();
      await server.drop();
    }
  });

  it('does not start when the broker cannot be reached in time', async () => {
    const options = { url: 'amqp://127.0.0.1:1', service: 'printer', connectTimeoutMs: 300 };
    const strategy = new RabbitListenerStrategy(options);
    const microservice = await NestFactory.createMicroservice(ListeningModule, { strategy, logger: false });
    await expect(microservice.listen()).rejects.toThrow(
      /The broker at 127\.0\.0\.1:1 could not be reached within 300 ms: .*ECONNREFUSED/,
    );
    await microservice.close();
  });
});

describe('a handler that cannot work on this transport', () => {
  const strategy = () => new RabbitListenerStrategy({ url: 'amqp://127.0.0.1:1', service: 'mailer' });

  it('is refused when its event is not in the catalogue', () => {
    expect(() => strategy().addHandler('order.plced.v1', async () => of(), true)).toThrow(
      /@EventPattern\('order.plced.v1'\): no such event; use one of order.placed.v1, /,
    );
  });

  it('is refused when it wants to answer', () => {
    expect(() => strategy().addHandler('order.placed.v1', async () => of())).toThrow(
      "@MessagePattern('order.placed.v1'): no answers travel here",
    );
  });
});
