import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { plantFailpoint } from '@quadrille/observability';
import { throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { SourceProcess } from '@quadrille/testing/source-process';
import {
  Broker,
  declareTopology,
  listenerDeadLetterQueue,
  listenerQueue,
  listenTo,
  listSetAside,
  replaySetAside,
  type PartitionStream,
} from '../src/index.js';
import { queueStateOf } from '../src/queue-state.js';
import { eventOf, takeUntil, until } from './facts.js';
import { behaviour, ListeningModule } from './listening-app.js';
import { orderConfirmed, tables } from './sample-events.js';

const main = fileURLToPath(new URL('listening-main.ts', import.meta.url));
let server: ThrowAwayBroker;
let broker: Broker;
const undo: (() => void)[] = [];
const apps: INestApplication[] = [];

beforeAll(async () => {
  server = await throwAwayBroker();
  await declareTopology({ url: server.url, tables, partitions: 1 });
  broker = await Broker.connect({ url: server.url, name: 'suite' });
});
afterEach(async () => {
  for (const pull of undo.splice(0)) pull();
  // Also those of a test that failed half way.
  for (const app of apps.splice(0)) await app.close();
});
afterAll(async () => {
  await broker.close();
  await server.drop();
});

/** Throws at the first pass only. */
function throwOnceAt(point: string): { passes: number } {
  const counted = { passes: 0 };
  undo.push(
    plantFailpoint(point, () => {
      counted.passes += 1;
      if (counted.passes === 1) throw new Error(`thrown at ${point}`);
    }),
  );
  return counted;
}

const readyIn = async (queue: string) =>
  (await broker.ask((model) => queueStateOf(model, queue)))?.messageCount ?? Number.NaN;

describe('setting aside', () => {
  const queue = 'inventory.dead-letters';

  it.each(['set-aside.publishing', 'publisher.written', 'set-aside.published', 'set-aside.acknowledged'])(
    'that breaks off at %s loses nothing and holds nobody up',
    async (point) => {
      const events = [orderConfirmed(undefined, 1), orderConfirmed(undefined, 2)];
      for (const event of events) await broker.publisher.publish(event);
      const counted = throwOnceAt(point);
      // As the consumer of a partition does: on any failure it begins again with a new stream.
      const open = () => broker.openPartition({ service: 'inventory', partition: 0, partitions: 1 });
      let stream: PartitionStream = await open();
      const aside = new Set<string>();
      while (aside.size < events.length)
        for (const message of await stream.take(1)) {
          const isAside = await stream.setAside(message, 'odd').then(
            () => true,
            () => false,
          );
          if (isAside || point === 'set-aside.acknowledged') aside.add(eventOf(message).id);
          if (isAside) continue;
          await stream.close();
          stream = await open();
        }
      await stream.close();

      expect(counted.passes).toBeGreaterThan(events.length - 1);
      const { messages: letters } = await listSetAside(server.url, queue);
      expect(new Set(letters.map(({ messageId }) => messageId))).toEqual(new Set(events.map(({ id }) => id)));
      expect(letters.length).toBeLessThanOrEqual(events.length + 1);
      expect(await readyIn('inventory.0of1')).toBe(0);
      await purge(queue);
    },
  );
});

describe('a replay', () => {
  it.each(['replay.publishing', 'publisher.written', 'replay.published', 'replay.acknowledged'])(
    'that breaks off at %s is run again, and loses nothing',
    async (point) => {
      const queue = 'inventory.dead-letters';
      const events = [orderConfirmed(undefined, 1), orderConfirmed(undefined, 2)];
      const stream = await broker.openPartition({ service: 'inventory', partition: 0, partitions: 1 });
      for (const event of events) {
        await broker.publisher.publish(event);
        for (const message of await stream.take(1)) await stream.setAside(message, 'odd');
      }
      throwOnceAt(point);

      // One that cannot be sent is told beside the others that went.
      const { failed } = await replaySetAside(server.url, queue).catch((error: Error) => ({
        failed: [{ reason: error.message }],
      }));
      expect(failed.map(({ reason }) => reason)).toEqual([`thrown at ${point}`]);
      await replaySetAside(server.url, queue);

      const ids = new Set<string>();
      const taken = await takeUntil(stream, (messages) => {
        for (const message of messages) ids.add(eventOf(message).id);
        return events.every(({ id }) => ids.has(id));
      });
      expect(taken.length).toBeLessThanOrEqual(events.length + 1);
      expect(await readyIn(queue)).toBe(0);
      await stream.close();
      await purge(queue);
    },
  );
});

/** What a repetition may have left. */
async function purge(queue: string): Promise<void> {
  await broker.ask(async (model) => {
    const channel = await model.createChannel();
    for (const name of [queue, 'inventory.0of1']) await channel.purgeQueue(name);
    await channel.close();
  });
}

describe('an application that listens', () => {
  const retry = { attemptsMax: 1 };
  const listen = async (service: string) => {
    const app = await NestFactory.create(ListeningModule, new FastifyAdapter(), { logger: false });
    await listenTo(app, { url: server.url, service, retry });
    apps.push(app);
    return app;
  };
  const letters = async (service: string) =>
    (await listSetAside(server.url, listenerDeadLetterQueue(service))).messages;
  const oneLetter = (service: string) =>
    until('a dead letter', async () => {
      const found = await letters(service);
      return found.length > 0 && found;
    });

  it.each([
    ['listener.handling', 3],
    ['listener.handled', 3],
    ['listener.acknowledged', 2],
    ['listener.replacing', 2],
    ['publisher.written', 2],
    ['listener.replaced', 2],
  ])(
    'and breaks off at %s handles or sets aside every event all the same, and acknowledges each',
    async (point, passes) => {
      const service = `mailer-${randomUUID()}`;
      await (await listen(service)).close();
      const [good, bad] = [orderConfirmed(undefined, 1), orderConfirmed(undefined, 2)];
      for (const event of [good, bad]) await broker.publisher.publish(event);
      const handled: string[] = [];
      behaviour.onConfirmed = ({ sequence, subject }) => {
        if (sequence === 2) throw new Error('no such page');
        handled.push(subject);
      };
      const counted = throwOnceAt(point);
      const app = await listen(service);

      await until('the good one is handled', async () => handled.includes(good.subject));
      const found = await oneLetter(service);
      await until('the point is passed once more than without the throw', async () => counted.passes === passes);
      await app.close();

      expect(new Set(found.map(({ messageId }) => messageId))).toEqual(new Set([bad.id]));
      expect(await readyIn(listenerQueue(service))).toBe(0);
    },
  );

  it('and whose handler throws what nobody can write down sets the event aside all the same', async () => {
    const service = `mailer-${randomUUID()}`;
    const circular: { self?: object; size: bigint } = { size: 1n };
    circular.self = circular;
    behaviour.onConfirmed = () => Promise.reject(circular);
    const app = await listen(service);
    await broker.publisher.publish(orderConfirmed());
    expect(await oneLetter(service)).toMatchObject([{ reason: expect.stringContaining('Circular') }]);
    await app.close();
  });

  // A process loads all of Nest and compiles the sources, which a busy machine takes its time for.
  it('and whose process ends between the copy and the acknowledgement leaves the event to the next one', async () => {
    const service = `mailer-${randomUUID()}`;
    const variables = { AMQP_URL: server.url, SERVICE: service, QUADRILLE_FAILPOINTS: 'listener.replaced=exit:7' };
    const process = new SourceProcess(main, variables);
    const [good, bad] = [orderConfirmed(undefined, 1), orderConfirmed(undefined, 2)];
    try {
      await process.logged('listening');
      for (const event of [good, bad]) await broker.publisher.publish(event);
      expect([await process.exited, process.stderr]).toEqual([7, '']);
    } finally {
      process.kill('SIGKILL');
    }
    const heard: string[] = [];
    behaviour.onConfirmed = ({ id, sequence }) => {
      heard.push(id);
      if (sequence === 2) throw new Error('no such page');
    };
    const app = await listen(service);
    await until('both copies of the bad one', async () => heard.filter((id) => id === bad.id).length >= 2);
    const found = await oneLetter(service);
    await app.close();
    expect(new Set(found.map(({ messageId }) => messageId))).toEqual(new Set([bad.id]));
    expect(process.stdout.includes(good.subject) || heard.includes(good.id)).toBe(true);
  }, 180_000);
});
