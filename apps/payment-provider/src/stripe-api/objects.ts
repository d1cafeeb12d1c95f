import type { Intent, LedgerItem, Refund } from '../books/entries.js';

/** PaymentIntents as https://docs.stripe.com/api/payment_intents/object shows them, without the fields that nobody here reads. */
export function renderIntent(intent: Intent) {
  const { decline } = intent;
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amountMinor,
    amount_received: intent.status === 'succeeded' ? intent.amountMinor : 0,
    canceled_at: intent.cancellation && seconds(intent.cancellation.at),
    cancellation_reason: intent.cancellation?.reason ?? null,
    capture_method: 'automatic',
    client_secret: `${intent.id}_secret_local`,
    confirmation_method: 'automatic',
    created: seconds(intent.createdAt),
    currency: intent.currency.toLowerCase(),
    description: intent.description,
    last_payment_error: decline && {
      type: 'card_error',
      code: decline.code,
      ...(decline.declineCode === null ? {} : { decline_code: decline.declineCode }),
      message: decline.message,
      payment_method: { id: decline.paymentMethod, object: 'payment_method', type: 'card' },
    },
    latest_charge: intent.chargeId,
    livemode: false,
    metadata: intent.metadata,
    next_action: intent.status === 'requires_action' ? { type: 'use_stripe_sdk', use_stripe_sdk: {} } : null,
    payment_method: intent.paymentMethod,
    payment_method_types: ['card'],
    status: intent.status,
  };
}

/** https://docs.stripe.com/api/refunds/object */
export function renderRefund(refund: Refund) {
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amountMinor,
    charge: refund.chargeId,
    created: seconds(refund.createdAt),
    currency: refund.currency.toLowerCase(),
    ...(refund.failureReason === null ? {} : { failure_reason: refund.failureReason }),
    metadata: refund.metadata,
    payment_intent: refund.intentId,
    reason: refund.reason,
    status: refund.status,
  };
}

/** The charge of an intent, as webhooks about refunds show it. */
export function renderCharge(intent: Intent) {
  return {
    id: intent.chargeId,
    object: 'charge',
    amount: intent.amountMinor,
    amount_captured: intent.amountMinor,
    amount_refunded: intent.refundedMinor,
    captured: true,
    created: seconds(intent.createdAt),
    currency: intent.currency.toLowerCase(),
    livemode: false,
    metadata: intent.metadata,
    paid: true,
    payment_intent: intent.id,
    payment_method: intent.paymentMethod,
    refunded: intent.refundedMinor === intent.amountMinor,
    status: 'succeeded',
  };
}

export function ledgerItem(
  kind: LedgerItem['kind'],
  id: string,
  intent: Intent,
  amountMinor: number,
  idempotencyKey: string | null,
  now: Date,
): LedgerItem {
  return {
    id,
    at: now.toISOString(),
    kind,
    amountMinor,
    currency: intent.currency,
    orderId: intent.metadata['orderId'] ?? null,
    paymentId: intent.metadata['paymentId'] ?? null,
    paymentIntent: intent.id,
    idempotencyKey,
  };
}

function seconds(at: string): number {
  return Math.floor(Date.parse(at) / 1000);
}
