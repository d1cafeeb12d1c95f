import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Registry } from '@quadrille/observability';
import { brokerAdmin, throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { eventOf, takeUntil, until } from '../test/facts.js';
import { inventoryTable, orderConfirmed, orderIdIn, orderTable, tables } from '../test/sample-events.js';
import {
  Broker,
  checkTopology,
  declareTopology,
  listSetAside,
  replaySetAside,
  type IncomingMessage,
  type PartitionStream,
  type SetAsideMessage,
} from './index.js';
import { lastingQueue } from './queue-arguments.js';
import { setAsideHeaders } from './set-aside-copy.js';

const deadLetters = 'inventory.dead-letters';

describe('messages that were set aside', () => {
  let server: ThrowAwayBroker;
  let user: string;
  let broker: Broker;
  let stream: PartitionStream;
  const registry = new Registry();

  beforeAll(async () => {
    server = await throwAwayBroker();
    // All a service needs: it declares nothing, writes to the events and to its own exchange, and reads its own queues.
    user = `inventory-${randomUUID()}`;
    await brokerAdmin(server.adminUrl, 'PUT', `/api/users/${user}`, { password: 'secret', tags: '' });
    await brokerAdmin(server.adminUrl, 'PUT', `/api/permissions/${server.vhost}/${user}`, {
      configure: '^$',
      write: '^quadrille\\.(events|inventory)$',
      read: '^inventory\\..*$',
    });
    const url = new URL(server.url);
    url.username = user;
    url.password = 'secret';
    await declareTopology({ url: server.url, tables, partitions: 2 });
    broker = await Broker.connect({ url: url.href, name: 'suite', registry });
    broker.watchDeadLetters(deadLetters, 50);
    await checkTopology(broker, { table: inventoryTable, others: [orderTable], partitions: 2 });
    stream = await broker.openPartition({ service: 'inventory', partition: 1, partitions: 2 });
  });
  afterAll(async () => {
    await broker.close();
    await server.drop();
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/users/${user}`);
  });

  const events = [1, 2, 3].map((sequence) => orderConfirmed(orderIdIn(1, 2), sequence));
  const setAside = async () => (await listSetAside(server.url, deadLetters)).messages;
  const areCounted = (count: number) =>
    until(`${count} dead letters are measured`, async () =>
      (await registry.metrics()).includes(`quadrille_broker_dead_letters{queue="${deadLetters}"} ${count}\n`),
    );
  const takeOne = async (): Promise<IncomingMessage> => {
    const [message] = await stream.take(1);
    if (!message) throw new Error('the stream was closed');
    return message;
  };

  it('are listed in their order, as often as one likes', async () => {
    for (const event of events) {
      await broker.publisher.publish(event);
      await stream.setAside(await takeOne(), `odd number ${event.sequence}`);
    }
    for (let n = 0; n < 3; n++)
      expect((await setAside()).map(({ reason }) => reason)).toEqual(['odd number 1', 'odd number 2', 'odd number 3']);
    const { messages, areAll } = await listSetAside(server.url, deadLetters, { max: 2 });
    expect([messages.length, areAll]).toEqual([2, false]);
    await areCounted(3);
  });

  it('go one by one to the queue where they had failed, without the headers of their death', async () => {
    expect(await replaySetAside(server.url, deadLetters, { messageId: events[1]?.id })).toEqual({
      replayed: 1,
      failed: [],
      sawAll: true,
    });
    const message = await takeOne();
    expect(eventOf(message)).toEqual(events[1]);
    expect(Object.keys(message.headers).sort()).toEqual(['causationid', 'correlationid', 'traceparent']);
    stream.acknowledge([message]);
    expect((await setAside()).map(({ reason }) => reason)).toEqual(['odd number 1', 'odd number 3']);
  });

  it('that are not asked for stay, and so does everything when there is a reason against going', async () => {
    const which = ({ reason }: { reason: string }) => reason.includes('2');
    expect(await replaySetAside(server.url, deadLetters, { which })).toEqual({ replayed: 0, failed: [], sawAll: true });
    const beforeEach = () => Promise.reject(new Error('not now'));
    await expect(replaySetAside(server.url, deadLetters, { beforeEach })).rejects.toThrow('not now');
    expect((await setAside()).map(({ reason }) => reason)).toEqual(['odd number 1', 'odd number 3']);
  });

  it('go all at once', async () => {
    expect(await replaySetAside(server.url, deadLetters)).toEqual({ replayed: 2, failed: [], sawAll: true });
    const taken = await takeUntil(stream, ({ length }) => length === 2);
    expect(taken.map(eventOf)).toEqual([events[0], events[2]]);
    expect(await setAside()).toEqual([]);
    await areCounted(0);
    expect(await replaySetAside(server.url, deadLetters, { messageId: 'nobody' })).toEqual({
      replayed: 0,
      failed: [],
      sawAll: true,
    });
  });

  it('do not go away when they cannot arrive', async () => {
    await broker.publisher.publish(events[0] ?? orderConfirmed());
    await stream.setAside(await takeOne(), 'odd again');
    await stream.close();
    await brokerAdmin(server.adminUrl, 'DELETE', `/api/queues/${server.vhost}/inventory.1of2`);
    const { replayed, failed } = await replaySetAside(server.url, deadLetters);
    const reason = expect.stringContaining('no queue is bound');
    expect([replayed, failed]).toMatchObject([0, [{ message: { reason: 'odd again' }, reason }]]);
    expect((await setAside()).map(({ reason }) => reason)).toEqual(['odd again']);
  });

  describe('that others gave up', () => {
    let connection: ChannelModel;
    let channel: ConfirmChannel;

    beforeAll(async () => {
      connection = await connect(server.url);
      channel = await connection.createConfirmChannel();
    });
    afterAll(() => connection.close());

    const headersOf = (exchange: string, routingKey: string) => ({
      [setAsideHeaders.replayExchange]: exchange,
      [setAsideHeaders.replayRoutingKey]: routingKey,
    });
    /** Each with its id and its headers. */
    const giveUp = async (queue: string, letters: readonly (readonly [string, object])[]) => {
      for (const name of [queue, `${queue}.dead-letters`]) await channel.assertQueue(name, lastingQueue);
      for (const [messageId, headers] of letters)
        channel.sendToQueue(`${queue}.dead-letters`, Buffer.from('{}'), { messageId, headers, persistent: true });
      await channel.waitForConfirms();
    };
    const idsOf = (messages: readonly SetAsideMessage[]) => messages.map(({ messageId }) => messageId);

    it('are all listed and all go, also when a consumer that says no limit is given a part of them', async () => {
      const ids = Array.from({ length: 2_500 }, (_, n) => String(n));
      await giveUp(
        'crowd',
        ids.map((id) => [id, headersOf('', 'crowd')]),
      );
      for (let n = 0; n < 2; n++) {
        const { messages, areAll } = await listSetAside(server.url, 'crowd.dead-letters', { max: Infinity });
        expect([idsOf(messages), areAll]).toEqual([ids, true]);
      }
      const replayed = await replaySetAside(server.url, 'crowd.dead-letters');
      expect(replayed).toEqual({ replayed: ids.length, failed: [], sawAll: true });
      expect(await channel.checkQueue('crowd')).toMatchObject({ messageCount: ids.length });
    });

    it('are not said to be all when the broker has more than it gives at once, or when somebody else has some', async () => {
      const ids = Array.from({ length: 65_540 }, (_, n) => String(n));
      await giveUp(
        'legion',
        ids.map((id) => [id, {}]),
      );
      const { messages, areAll } = await listSetAside(server.url, 'legion.dead-letters', { max: Infinity });
      expect([idsOf(messages), areAll]).toEqual([ids.slice(0, 65_535), false]);

      await channel.purgeQueue('legion.dead-letters');
      await channel.consume('legion.dead-letters', () => undefined);
      await giveUp('legion', [['taken', {}]]);
      expect(await listSetAside(server.url, 'legion.dead-letters')).toEqual({ messages: [], areAll: false });
      expect(await replaySetAside(server.url, 'legion.dead-letters')).toEqual({
        ...{ replayed: 0, failed: [], sawAll: false },
      });
    });

    it('go although one before them cannot, which stays in its place', async () => {
      await giveUp('mixed', [
        ['1', headersOf('', 'mixed')],
        ['no queue', headersOf('', 'no.such.queue')],
        ['no exchange', headersOf('no.such.exchange', 'mixed')],
        ['no address', {}],
        ['no routing key', headersOf('', 'x'.repeat(300))],
        ['2', headersOf('', 'mixed')],
      ]);
      const { replayed, failed } = await replaySetAside(server.url, 'mixed.dead-letters');
      const stay = ['no queue', 'no exchange', 'no address', 'no routing key'];
      expect([replayed, idsOf(failed.map(({ message }) => message))]).toEqual([2, stay]);
      expect(failed[0]?.reason).toMatch(/no queue is bound/);
      expect(idsOf((await listSetAside(server.url, 'mixed.dead-letters')).messages)).toEqual(stay);
      expect(await channel.checkQueue('mixed')).toMatchObject({ messageCount: 2 });
    });
  });

  it('cannot be asked of a queue that does not exist', async () => {
    await expect(listSetAside(server.url, 'no.such.dead-letters')).rejects.toThrow(/NOT_FOUND/);
  });
});
