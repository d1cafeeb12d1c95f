import { z } from 'zod';
import type { Payment, ProviderAnswer } from '../domain/index.js';
import { answerCommand } from '../provider/answer-command.js';
import { intentAnswer } from '../provider/stripe-intent.js';

const text = z.string().min(1);

const intentEvent = z.object({
  type: z.enum(['payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled']),
  data: z.object({
    object: z.object({
      object: z.literal('payment_intent'),
      id: text,
      status: text,
      cancellation_reason: text.nullish().transform((reason) => reason ?? null),
      last_payment_error: z
        .object({ code: text.optional(), decline_code: text.optional() })
        .nullish()
        .transform((error) => error ?? null),
    }),
  }),
});

const refundEvent = z.object({
  type: z.enum(['refund.created', 'refund.updated', 'refund.failed']),
  data: z.object({
    object: z.object({ object: z.literal('refund'), id: text, status: text, amount: z.int(), payment_intent: text }),
  }),
});

/** The payment that a webhook is about. */
export interface PaymentOfIntent {
  readonly orderId: string;
  readonly payment: Payment;
}

export interface Webhook {
  readonly intentId: string;
  /** Null when it says nothing that is to be recorded. */
  readonly answerOn: (found: PaymentOfIntent) => ProviderAnswer | null;
}

/** Null for events that nobody here listens to. */
export function readWebhook(event: unknown): Webhook | null {
  const intent = intentEvent.safeParse(event);
  if (intent.success) {
    const { object } = intent.data.data;
    return {
      intentId: object.id,
      answerOn: ({ orderId }) => answerCommand(orderId, object.id, intentAnswer(object)),
    };
  }
  const refund = refundEvent.safeParse(event);
  if (!refund.success) return null;
  const { id, status, amount, payment_intent: intentId } = refund.data.data.object;
  return {
    intentId,
    answerOn: ({ orderId, payment }) => {
      if (status === 'failed' || status === 'canceled') return { type: 'RecordRefundFailed', orderId, refundId: id };
      // A person may give a part back at the provider: that is not the whole.
      const isWhole = 'charge' in payment && payment.charge?.amountMinor === amount;
      return status === 'succeeded' && isWhole ? { type: 'RecordRefunded', orderId, refundId: id } : null;
    },
  };
}
