import { Stripe } from 'stripe';
import { v7 as uuidv7 } from 'uuid';
import { webhookSecret } from './local-provider.js';

/** The header that signs an event as Stripe signs it. */
export function signatureOf(
  event: object | string,
  { secret = webhookSecret, timestamp }: { secret?: string; timestamp?: number } = {},
): Record<string, string> {
  const payload = typeof event === 'string' ? event : JSON.stringify(event);
  const signed = { payload, secret, ...(timestamp === undefined ? {} : { timestamp }) };
  return { 'stripe-signature': Stripe.webhooks.generateTestHeaderString(signed) };
}

/** A PaymentIntent's event, with the fields that matter. */
export function intentEvent(type: string, id: string, status: string, more: object = {}): object {
  const object = { object: 'payment_intent', id, status, cancellation_reason: null, last_payment_error: null, ...more };
  return { id: `evt_${uuidv7()}`, object: 'event', type: `payment_intent.${type}`, data: { object } };
}

export function refundEvent(
  intentId: string,
  status: string,
  amount: number,
  { id = `re_${uuidv7()}`, type = 'refund.updated' }: { id?: string; type?: string } = {},
): object {
  const object = { object: 'refund', id, status, amount, payment_intent: intentId };
  return { id: `evt_${uuidv7()}`, object: 'event', type, data: { object } };
}
