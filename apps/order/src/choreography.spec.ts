import { buildEvent, fact, type Fact, type ServiceName } from '@quadrille/contracts';
import { announcements } from '@quadrille/testing';
import { describe, expect, it } from '@jest/globals';
import { choreography } from './choreography.js';

const orderId = '01890a5d-0000-7000-8000-000000000001';
const at = '2026-01-02T03:04:05.678Z';
const lines = [{ sku: 'TEAPOT', quantity: 2, unitMinor: 1250 }];
const money = { orderId, paymentId: '01890a5d-0000-7000-8000-000000000002', amountMinor: 2500, currency: 'EUR' };

describe('the choreography of order', () => {
  const announced = announcements(choreography, {
    Placed: {
      type: 'Placed',
      orderId,
      customerId: 'ada',
      currency: 'EUR',
      totalMinor: 2500,
      lines,
      paymentMethod: 'pm_card_visa',
      contact: { email: { keyId: 'k', iv: 'i', tag: 't', text: 'x' } },
      placedAt: at,
      dueAt: at,
    },
    Confirmed: { type: 'Confirmed', orderId, at },
    Cancelled: { type: 'Cancelled', orderId, at, reason: 'payment_declined', declineCode: 'card_declined' },
    Noted: { type: 'Noted', orderId, fact: { id: 'x', at, service: 'payment', type: 'x.y.v1', data: {} } },
  });

  it('announces what it says it announces, and every announcement fits its contract', () => {
    expect(announced.map(({ type }) => type)).toEqual(choreography.announces);
  });

  it('tells payment and inventory all they need', () => {
    expect(announced.map(({ data }) => data)).toEqual([
      {
        orderId,
        customerId: 'ada',
        currency: 'EUR',
        totalMinor: 2500,
        lines,
        paymentMethod: 'pm_card_visa',
        contact: { email: { keyId: 'k', iv: 'i', tag: 't', text: 'x' } },
      },
      { orderId },
      { orderId, reason: 'payment_declined', declineCode: 'card_declined' },
    ]);
  });

  it.each<Fact>([
    fact('inventory.stock-rejected.v1', { orderId, missing: [{ sku: 'CUP', requested: 1, available: 0 }] }),
    fact('inventory.stock-reserved.v1', { orderId, lines: [{ sku: 'CUP', quantity: 1 }] }),
    fact('inventory.stock-committed.v1', { orderId, lines: [{ sku: 'CUP', quantity: 1 }] }),
    fact('inventory.stock-released.v1', { orderId, lines: [{ sku: 'CUP', quantity: 1 }] }),
    fact('payment.captured.v1', money),
    fact('payment.declined.v1', { ...money, declineCode: 'card_declined' }),
    fact('payment.refunded.v1', money),
  ])('hears $type, and keeps it for the timeline', (said) => {
    const service = said.type.split('.')[0] as ServiceName;
    const event = buildEvent(service, said, {
      id: '01890a5d-0000-7000-8000-000000000003',
      time: at,
      correlationId: 'a-request',
      causationId: 'a-message',
      sequence: 1,
    });
    const hear = choreography.reactsTo[said.type] as (heard: typeof event) => unknown;
    expect(hear(event)).toMatchObject({
      orderId,
      fact: { id: event.id, at, service, type: said.type, data: said.data },
    });
  });
});
