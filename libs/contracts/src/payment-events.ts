import { z } from 'zod';
import { defineEvent } from './event-definition.js';
import { amountMinor, currency, uuid } from './values.js';

const money = { orderId: uuid, paymentId: uuid, amountMinor, currency };

export const paymentCaptured = defineEvent({
  type: 'payment.captured.v1',
  name: 'PaymentCaptured',
  version: 1,
  owner: 'payment',
  summary: 'The provider moved the money to us.',
  data: z.object(money),
});

export const paymentDeclined = defineEvent({
  type: 'payment.declined.v1',
  name: 'PaymentDeclined',
  version: 1,
  owner: 'payment',
  summary: 'The provider will not charge this payment method; no money moved.',
  data: z.object({ ...money, declineCode: z.string().min(1) }),
});

export const paymentDeclinedV2 = defineEvent({
  type: 'payment.declined.v2',
  name: 'PaymentDeclined',
  version: 2,
  owner: 'payment',
  summary: 'The provider will not charge this payment method; no money moved; another method may do or not.',
  data: z.object({
    ...money,
    declineCode: z.string().min(1),
    /** Whether another payment method may succeed. */
    retryable: z.boolean(),
  }),
});

export const paymentRefunded = defineEvent({
  type: 'payment.refunded.v1',
  name: 'PaymentRefunded',
  version: 1,
  owner: 'payment',
  summary: 'The whole captured amount went back to the customer.',
  data: z.object(money),
});

export const paymentEvents = [paymentCaptured, paymentDeclined, paymentDeclinedV2, paymentRefunded] as const;

/** Codes that speak of the customer and not of the card: no other method is asked for. */
const finalDeclineCodes: ReadonlySet<string> = new Set([
  'fraudulent',
  'lost_card',
  'merchant_blacklist',
  'pickup_card',
  'security_violation',
  'stolen_card',
]);

/** What a decline code says about other payment methods. */
export function isRetryableDecline(declineCode: string): boolean {
  return !finalDeclineCodes.has(declineCode);
}
