import { describe, expect, it } from '@jest/globals';
import { buildEvent, fact } from '@quadrille/contracts';
import { v7 as uuidv7 } from 'uuid';
import { readDelivery } from './delivery-item.js';

const orderId = uuidv7();
const money = { orderId, paymentId: uuidv7(), amountMinor: 1, currency: 'EUR' };
const context = { id: uuidv7(), time: '2026-11-29T00:00:00.000Z', correlationId: 'c', causationId: 'c', sequence: 1 };
const event = buildEvent('payment', fact('payment.captured.v1', money), context);
const body = Buffer.from(JSON.stringify(event));

describe('a message', () => {
  it('is read from its body, which is kept for when it is held', () => {
    const item = readDelivery({ body, deliveryCount: 0, headers: {} }, 3);
    expect(item).toMatchObject({
      kind: 'delivery',
      messageId: event.id,
      key: orderId,
      partition: 3,
      message: { body },
    });
  });

  it('that was read already says the same, and nobody asks for its body before it is held', () => {
    let asked = 0;
    const message = {
      json: event as unknown,
      deliveryCount: 0,
      headers: {},
      get body() {
        asked += 1;
        return body;
      },
    };
    const item = readDelivery(message, 3);
    const copy = { ...item };
    expect(asked).toBe(0);
    expect(copy).toMatchObject({ kind: 'delivery', messageId: event.id, content: { kind: 'event', event } });
    expect(copy.kind === 'delivery' && copy.message.body).toBe(body);
  });

  it.each([null, 7, [event], { ...event, source: '/order' }])(
    'that is no event of its owner is garbage: %j',
    (json) => {
      expect(readDelivery({ json, body, deliveryCount: 0, headers: {} }, 3)).toMatchObject({ kind: 'garbage' });
    },
  );
});
