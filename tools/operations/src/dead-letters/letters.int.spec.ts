import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listenerDeadLetterQueue, listenerQueue } from '@quadrille/messaging';
import { throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { Given } from '../command-line/options.js';
import { System } from '../system/system.js';
import { Letters } from './letters.js';

let server: ThrowAwayBroker;
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  server = await throwAwayBroker();
  connection = await connect(server.url);
  channel = await connection.createConfirmChannel();
});
afterAll(async () => {
  await connection.close();
  await server.drop();
});

const idOf = (listener: string, messageId: string) => `listener:${listener}:${messageId}`;
const lettersOf = (...listeners: string[]) =>
  new Letters(new System(new Given({ data: '/nowhere' }, []), { AMQP_URL: server.url }), [], listeners);

/** Sets messages aside that the handlers of a service could not handle, each with where a replay sends it. */
async function giveUp(listener: string, addresses: Readonly<Record<string, string>>): Promise<void> {
  const [queue, deadLetters] = [listenerQueue(listener), listenerDeadLetterQueue(listener)];
  for (const name of [queue, deadLetters]) await channel.assertQueue(name, { arguments: { 'x-queue-type': 'quorum' } });
  for (const [messageId, routingKey] of Object.entries(addresses))
    channel.sendToQueue(deadLetters, Buffer.from('{}'), {
      ...{ messageId, persistent: true, headers: { 'replay-exchange': '', 'replay-routing-key': routingKey } },
    });
  await channel.waitForConfirms();
}

describe('a replay at the broker', () => {
  it('tells which could not be sent, and the others go', async () => {
    await giveUp('lost', { one: listenerQueue('lost'), two: 'no.such.queue', three: listenerQueue('lost') });
    const letters = lettersOf('lost');
    const { letters: found } = await letters.list({});
    expect(await letters.replay(found, { by: 'ada' })).toEqual({
      replayed: [idOf('lost', 'one'), idOf('lost', 'three')],
      gone: [],
      failed: [{ id: idOf('lost', 'two'), reason: expect.stringContaining('no queue is bound') }],
    });
    expect((await letters.list({})).letters.map(({ id }) => id)).toEqual([idOf('lost', 'two')]);
    expect(await letters.replay(found.slice(0, 1), { by: 'ada' })).toEqual({
      ...{ replayed: [], gone: [idOf('lost', 'one')], failed: [] },
    });
  });
});

describe('letters at the broker that are named', () => {
  it('are all found, and each that is not there is told', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => String(n));
    await giveUp('named', Object.fromEntries(ids.map((id) => [id, listenerQueue('named')])));
    const addresses = [...ids, 'nobody'].map((messageId) => ({
      ...{ place: 'listener' as const, service: 'named', messageId },
    }));
    const { letters, problems } = await lettersOf().showAll(addresses);
    expect(letters.map(({ id }) => id)).toEqual(ids.map((id) => idOf('named', id)));
    expect(problems).toEqual(["There is no message nobody in the broker's queue named.listener.dead-letters."]);
  });
});
