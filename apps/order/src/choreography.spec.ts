import { buildEvent, fact, upcast, type Fact, type PublicEvent, type ServiceName } from '@quadrille/contracts';
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
    fact('payment.declined.v2', { ...money, declineCode: 'card_declined', retryable: true }),
    fact('payment.refunded.v1', money),
  ])('hears $type, and keeps it in its newest version for the timeline', (said) => {
    const service = said.type.split('.')[0] as ServiceName;
    const event = buildEvent(service, said, {
      id: '01890a5d-0000-7000-8000-000000000003',
      time: at,
      correlationId: 'a-request',
      causationId: 'a-message',
      sequence: 1,
    });
    const hear = choreography.reactsTo[said.type] as (heard: typeof event) => unknown;
    const { type, data } = upcast(event);
    expect(hear(event)).toMatchObject({ orderId, fact: { id: event.id, at, service, type, data } });
  });

  it('takes a declined payment for the same in each of its versions', () => {
    const declined = { ...money, declineCode: 'card_declined' };
    const context = { id: '01890a5d-0000-7000-8000-000000000003', time: at, correlationId: 'r', causationId: 'm' };
    const old = buildEvent('payment', fact('payment.declined.v1', declined), { ...context, sequence: 5 });
    const now = buildEvent('payment', fact('payment.declined.v2', { ...declined, retryable: true }), {
      ...context,
      sequence: 5,
    });

    const { reactsTo } = choreography;
    expect(reactsTo['payment.declined.v1']?.(old as PublicEvent<'payment.declined.v1'>)).toEqual(
      reactsTo['payment.declined.v2']?.(now as PublicEvent<'payment.declined.v2'>),
    );
  });
});
