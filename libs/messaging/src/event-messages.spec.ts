import { describe, expect, it } from '@jest/globals';
import { bodyBytesMax, eventsPerMessageMax, routingKeyOf, type PublicEvent } from '@quadrille/contracts';
import type { ConsumeMessage } from 'amqplib';
import { orderConfirmed, orderIdIn } from '../test/sample-events.js';
import type { OutgoingMessage } from './confirmed-channel.js';
import { messageFor, unpack } from './event-messages.js';

const encoded = (event: PublicEvent) => ({ event, json: JSON.stringify(event) });
const batchOf = (first: PublicEvent, ...more: PublicEvent[]) => messageFor([encoded(first), ...more.map(encoded)]);

/** As the broker brings it. */
function delivered({ routingKey, body, headers, ...properties }: OutgoingMessage): ConsumeMessage {
  const fields = { deliveryTag: 7, redelivered: false, exchange: 'quadrille.inventory', routingKey, consumerTag: 'c' };
  return { fields, properties: { ...properties, headers }, content: Buffer.from(body) } as unknown as ConsumeMessage;
}

const bodiesOf = (message: ConsumeMessage) => unpack(message).map((one) => one.message.content.toString());

describe('one event', () => {
  const event = orderConfirmed();

  it('is a message by itself, and comes out as it went in', () => {
    const message = delivered(messageFor([encoded(event)]));
    expect(message.content.toString()).toBe(JSON.stringify(event));
    expect(message.properties.contentType).toBe('application/cloudevents+json');
    expect(unpack(message)).toEqual([{ message }]);
  });
});

describe('several events', () => {
  const events = [0, 1, 2].map((slot) => orderConfirmed(orderIdIn(slot, 64), slot + 1)) as [
    PublicEvent,
    ...PublicEvent[],
  ];
  const sent = batchOf(...events);

  it('are one CloudEvents batch with the routing key of each, once', () => {
    const [first, second, third] = events.map(routingKeyOf);
    expect(JSON.parse(Buffer.from(sent.body).toString())).toEqual(events);
    expect(sent).toMatchObject({
      contentType: 'application/cloudevents-batch+json',
      routingKey: first,
      headers: { CC: [second, third] },
    });
    const ofOneSlot = [1, 2].map((sequence) => orderConfirmed(orderIdIn(5, 64), sequence)) as typeof events;
    expect(batchOf(...ofOneSlot).headers).toEqual({});
  });

  it('come out each as if it had come alone', () => {
    for (const [place, { message, json }] of unpack(delivered(sent)).entries()) {
      const alone = delivered(messageFor([encoded(events[place]!)]));
      expect({ ...message, content: message.content }).toEqual({ ...alone, content: alone.content });
      expect(json).toEqual(events[place]);
    }
    expect(unpack(delivered(sent))).toHaveLength(3);
  });

  it('keep the headers that the broker adds', () => {
    const message = delivered({ ...sent, headers: { ...sent.headers, 'x-delivery-count': 2 } });
    expect(unpack(message).map((one) => one.message.properties.headers?.['x-delivery-count'])).toEqual([2, 2, 2]);
  });

  it('keep the key that brought the message, where theirs did not', () => {
    const message = delivered({ ...sent, headers: {} });
    const keys = unpack(message).map((one) => one.message.fields.routingKey);
    expect(keys).toEqual([sent.routingKey, sent.routingKey, sent.routingKey]);
  });

  it('are read whatever parameters their content type has', () => {
    const message = delivered({ ...sent, contentType: `${sent.contentType}; charset=utf-8` });
    expect(unpack(message)).toHaveLength(3);
  });

  it('have no property that AMQP could not carry', () => {
    const body = Buffer.from(JSON.stringify([{ id: 'x'.repeat(256), correlationid: 7, type: 'ä'.repeat(128) }]));
    const [part] = unpack(delivered({ ...sent, body }));
    const { messageId, correlationId, type } = part?.message.properties ?? {};
    expect([messageId, correlationId, type]).toEqual([undefined, undefined, undefined]);
  });

  it('come out one by one, also what is no event', () => {
    const body = Buffer.from(`[null,{"id":7},${JSON.stringify(events[0])}]`);
    const parts = unpack(delivered({ ...sent, body }));
    expect(parts.map(({ message }) => message.content.toString())).toEqual([
      'null',
      '{"id":7}',
      JSON.stringify(events[0]),
    ]);
  });
});

describe('what calls itself a batch and is none', () => {
  const batch = batchOf(orderConfirmed(), orderConfirmed());

  it.each([
    ['no JSON', 'nonsense'],
    ['an event', JSON.stringify(orderConfirmed())],
    ['an empty batch', '[]'],
    ['larger than any body', JSON.stringify(['x'.repeat(bodyBytesMax)])],
    ['more events than any of ours has', JSON.stringify(Array(eventsPerMessageMax + 1).fill(0))],
    ['nested so deep that it cannot be written again', `[${'['.repeat(20_000)}${']'.repeat(20_000)}]`],
  ])('is one message: %s', (_what, body) => {
    expect(bodiesOf(delivered({ ...batch, body: Buffer.from(body) }))).toEqual([body]);
  });

  it('is one message: no UTF-8', () => {
    const message = delivered({ ...batch, body: Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]) });
    expect(unpack(message)).toEqual([{ message }]);
  });
});
