import { Refusal, unreachable } from '@quadrille/contracts';
import type { Charge, Charged, Money, Payment, PaymentCommand, PaymentEvent } from './payment.js';

export type ProviderAnswer = Extract<PaymentCommand, { type: `Record${string}` }>;

/**
 * What the provider says may come twice, late and in any order: from the worker that asked and from webhooks.
 * Money that was captured for an order that is over goes back, whatever was believed before.
 */
export function hearProvider(answer: ProviderAnswer, payment: Payment): readonly PaymentEvent[] | Refusal {
  if (!('charge' in payment) || !payment.charge)
    return new Refusal('unknown_intent', `nothing was asked of the provider for order ${answer.orderId}`);
  switch (answer.type) {
    case 'RecordIntent':
      return isOpen(payment) && payment.intentId === null
        ? [{ type: 'IntentCreated', orderId: answer.orderId, intentId: answer.intentId }]
        : [];
    case 'RecordCaptured':
      return hearCaptured(answer.orderId, answer.intentId, payment);
    case 'RecordDeclined':
      return hearNothingMoved(answer.orderId, answer.declineCode, payment);
    case 'RecordNotCharged':
      return hearNothingMoved(answer.orderId, 'canceled', payment);
    case 'RecordRefunded':
      return hearRefunded(answer.orderId, answer.refundId, payment);
    case 'RecordRefundFailed':
      return hearRefundFailed(answer.orderId, answer.refundId, payment);
    default:
      return unreachable(answer);
  }
}

/** Whether nothing would follow from it: it was heard before, or came too late. */
export function isHeard(answer: ProviderAnswer, payment: Payment): boolean {
  const heard = hearProvider(answer, payment);
  return !(heard instanceof Refusal) && heard.length === 0;
}

type ChargedPayment = Extract<Payment, Charged>;

function isOpen({ status }: ChargedPayment): boolean {
  return status === 'charging' || status === 'cancelling';
}

function hearCaptured(orderId: string, intentId: string, payment: ChargedPayment): readonly PaymentEvent[] | Refusal {
  // An intent is confirmed only after its id was committed, so money on any other is not ours.
  if (payment.intentId !== intentId)
    return new Refusal('unknown_intent', `${intentId} is not the intent of order ${orderId}: ${payment.intentId} is`);
  const captured: PaymentEvent = { type: 'Captured', ...moneyOf(orderId, payment.charge), intentId };
  switch (payment.status) {
    case 'charging':
      return [captured];
    case 'cancelling':
    case 'closed':
      return [captured, ...requestRefund(orderId, payment.charge, intentId)];
    case 'declined':
      // Silently: the order may not have heard of the decline yet, and must not be confirmed by money that goes back.
      return requestRefund(orderId, payment.charge, intentId);
    case 'captured':
    case 'refunding':
    case 'refunded':
      return [];
    default:
      return unreachable(payment);
  }
}

function hearNothingMoved(orderId: string, declineCode: string, payment: ChargedPayment): readonly PaymentEvent[] {
  if (payment.status === 'charging') return [{ type: 'Declined', ...moneyOf(orderId, payment.charge), declineCode }];
  return payment.status === 'cancelling' ? [{ type: 'Closed', orderId }] : [];
}

/** Listeners are told once: an order has one refund, however many the provider needed for it. */
function hearRefunded(orderId: string, refundId: string, payment: ChargedPayment): readonly PaymentEvent[] {
  if (payment.status !== 'refunding' || payment.failedRefunds.includes(refundId)) return [];
  if (payment.refundId !== null) return [{ type: 'RefundMended', orderId, refundId }];
  return [{ type: 'Refunded', ...moneyOf(orderId, payment.charge), refundId }];
}

/** It may be heard before that the refund had succeeded, and may be of another refund: what is true now, a look tells. */
function hearRefundFailed(orderId: string, refundId: string, payment: ChargedPayment): readonly PaymentEvent[] {
  if (payment.status !== 'refunding' && payment.status !== 'refunded') return [];
  return payment.failedRefunds.includes(refundId) ? [] : [{ type: 'RefundFailed', orderId, refundId }];
}

/** A charge of nothing was never at the provider, so it is refunded at once. */
export function requestRefund(orderId: string, charge: Charge, intentId: string | null): readonly PaymentEvent[] {
  const money = moneyOf(orderId, charge);
  const requested: PaymentEvent = { type: 'RefundRequested', ...money, intentId };
  return intentId === null ? [requested, { type: 'Refunded', ...money, refundId: null }] : [requested];
}

export function moneyOf(orderId: string, { paymentId, amountMinor, currency }: Charge): Money {
  return { orderId, paymentId, amountMinor, currency };
}
