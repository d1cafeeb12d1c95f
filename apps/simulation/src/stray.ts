import { buildEvent, type Fact, type PublicEvent } from '@quadrille/contracts';
import type { Payment, PaymentCommand } from '@quadrille/payment/domain';
import type { Random } from './random.js';

const money = { paymentId: '01890a5d-0000-7000-8000-ffffffffffff', amountMinor: 100, currency: 'EUR' };
const lines = [{ sku: 'TEAPOT', quantity: 1 }];

/** A well-formed message about an order that nobody here placed. */
export function strayEvent(random: Random, orderId: string, now: string): PublicEvent {
  const fact = random.pick<Fact>([
    { type: 'inventory.stock-reserved.v1', data: { orderId, lines } },
    {
      type: 'inventory.stock-rejected.v1',
      data: { orderId, missing: [{ sku: 'TEAPOT', requested: 1, available: 0 }] },
    },
    { type: 'inventory.stock-committed.v1', data: { orderId, lines } },
    { type: 'inventory.stock-released.v1', data: { orderId, lines } },
    { type: 'payment.captured.v1', data: { orderId, ...money } },
    { type: 'payment.declined.v1', data: { orderId, ...money, declineCode: 'card_declined' } },
    { type: 'payment.declined.v2', data: { orderId, ...money, declineCode: 'card_declined', retryable: true } },
    { type: 'payment.refunded.v1', data: { orderId, ...money } },
    { type: 'order.confirmed.v1', data: { orderId } },
  ]);
  const owner = fact.type.startsWith('order') ? 'order' : fact.type.startsWith('inventory') ? 'inventory' : 'payment';
  return buildEvent(owner, fact, { id: orderId, time: now, correlationId: orderId, causationId: orderId, sequence: 1 });
}

/** An answer of the provider that was never asked for: about an intent that is not ours, or to a payment that has none. */
export function strayAnswer(random: Random, orderId: string, payment: Payment | undefined): PaymentCommand {
  const intentId = 'pi_foreign';
  const foreign: PaymentCommand = { type: 'RecordCaptured', orderId, intentId };
  // The other answers name no intent of their own, so they are sent only to payments to which they can mean nothing.
  if (payment?.status === 'awaiting' || payment?.status === 'charging' || payment?.status === 'cancelling')
    return foreign;
  const refundFailed: PaymentCommand = { type: 'RecordRefundFailed', orderId, refundId: 're_foreign' };
  // A person may have refunded a part, or too much, and that failed: it means nothing, or another look at the refunds.
  if (payment && 'charge' in payment && payment.charge)
    return random.pick<PaymentCommand>([
      foreign,
      { type: 'RecordIntent', orderId, intentId },
      ...(payment.intentId === null ? [] : [refundFailed]),
    ]);
  return random.pick<PaymentCommand>([
    { type: 'RecordIntent', orderId, intentId },
    foreign,
    { type: 'RecordDeclined', orderId, declineCode: 'card_declined' },
    { type: 'RecordNotCharged', orderId },
    { type: 'RecordRefunded', orderId, refundId: 're_foreign' },
    refundFailed,
  ]);
}
