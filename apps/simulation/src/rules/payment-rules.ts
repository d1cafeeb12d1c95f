import { Refusal } from '@quadrille/contracts';
import type { Payment, PaymentCommand, PaymentEvent } from '@quadrille/payment/domain';
import type { Story } from './story.js';
import { mustOf } from './violation.js';

/** Nothing happens twice to a payment, and it says of the provider only what the provider did. */
export function checkPaymentEvent(event: PaymentEvent, story: Story): void {
  const must = mustOf('payment', event.orderId);
  must(!story.paymentEvents.has(event.type) || isRepeatable(event), `${event.type} happens twice`);
  story.paymentEvents.add(event.type);
  const before = story.payment;
  story.payment = statusAfter[event.type] ?? story.payment;
  switch (event.type) {
    case 'ChargeRequested':
      must(story.reservedLines.length > 0, 'a charge is asked for without stock');
      must(event.amountMinor === story.placed?.totalMinor, 'a charge is asked for that is not what the order costs');
      must(!story.paymentEvents.has('Closed'), 'a charge is asked for after the payment was closed');
      return;
    case 'Captured':
      must(story.paymentEvents.has('ChargeRequested'), 'a payment is captured that nobody asked for');
      return must(event.amountMinor === 0 || story.charges > 0, 'a payment is captured that was never charged');
    case 'Declined':
      return must(story.declined, 'a payment is declined that the provider did not decline');
    case 'RefundRequested':
      // A capture after a decline is refunded in silence; every other one is announced first.
      return must(
        story.paymentEvents.has('Captured') || story.paymentEvents.has('Declined'),
        'a refund is asked for of money that nobody was told of',
      );
    case 'Refunded':
      must(story.paymentEvents.has('RefundRequested'), 'a payment is refunded that nobody asked to refund');
      must(!story.failedRefunds.has(event.refundId ?? ''), 'a payment is refunded by a refund that has failed');
      return must(
        event.amountMinor === 0 || story.refundIds.has(event.refundId ?? ''),
        'a payment is refunded whose money did not go back',
      );
    case 'RefundFailed':
      must(!story.failedRefunds.has(event.refundId), 'a refund fails twice');
      story.failedRefunds.add(event.refundId);
      return;
    case 'RefundMended':
      must(story.paymentEvents.has('Refunded'), 'a refund is mended that nobody was told of');
      must(before === 'refunding', 'a refund is mended that has not failed');
      must(!story.failedRefunds.has(event.refundId), 'a payment is refunded by a refund that has failed');
      return must(story.refundIds.has(event.refundId), 'a payment is refunded whose money did not go back');
    default:
  }
}

/** Each refund may fail, and each time the money has to be looked for again. */
function isRepeatable({ type }: PaymentEvent): boolean {
  return type === 'RefundFailed' || type === 'RefundMended';
}

const statusAfter: Partial<Record<PaymentEvent['type'], Payment['status']>> = {
  AmountKnown: 'awaiting',
  StockKnown: 'awaiting',
  ChargeRequested: 'charging',
  Captured: 'captured',
  Declined: 'declined',
  CancelRequested: 'cancelling',
  RefundRequested: 'refunding',
  Refunded: 'refunded',
  RefundFailed: 'refunding',
  RefundMended: 'refunded',
  Closed: 'closed',
};

const neverAsked = new Set(['none', 'awaiting amount', 'awaiting stock', 'closed']);

/** An answer to a payment that asked for nothing is refused, so that whoever brought it hears of it. */
export function checkPaymentDecision(
  { type, orderId }: PaymentCommand,
  situation: string,
  decided: readonly PaymentEvent[] | Refusal,
): void {
  if (!type.startsWith('Record') || !neverAsked.has(situation)) return;
  mustOf('payment', orderId)(decided instanceof Refusal, `${type} is taken for a payment that asked for nothing`);
}
