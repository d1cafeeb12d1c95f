import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { type Books } from '../books/books.js';
import type { Decline, Entry, Intent } from '../books/entries.js';
import { conductOf, insufficientFunds, plainConduct, type Conduct } from '../payment-methods.js';
import { ApiError, missingResource, serverError, Unanswered, unexpectedState, usedPaymentMethod } from './errors.js';
import { id, metadata, positiveInteger } from './form.js';
import { ledgerItem, renderIntent } from './objects.js';
import type { Change } from './idempotent-requests.js';

export const createIntentForm = z.strictObject({
  amount: positiveInteger,
  currency: z.string().regex(/^[A-Za-z]{3}$/, 'must be a three-letter ISO currency code'),
  payment_method: id.optional(),
  allowed_payment_method_types: z.record(z.string(), z.literal('card')).optional(),
  automatic_payment_methods: z
    .strictObject({ enabled: z.enum(['true', 'false']), allow_redirects: z.enum(['always', 'never']).optional() })
    .optional(),
  capture_method: z.enum(['automatic', 'automatic_async']).optional(),
  confirm: z.literal('false').optional(),
  description: z.string().max(1000).optional(),
  metadata,
});

export const confirmIntentForm = z.strictObject({
  payment_method: id.optional(),
  off_session: z.string().optional(),
  return_url: z.string().optional(),
});

export const cancelIntentForm = z.strictObject({
  cancellation_reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned']).optional(),
});

/** The life of a PaymentIntent: https://docs.stripe.com/payments/paymentintents/lifecycle. Charges at most once. */
export class PaymentIntents {
  /** How often an intent's confirmation was answered with 500 so far, for methods that ask for it. */
  private readonly failures = new Map<string, number>();

  constructor(
    private readonly books: Books,
    private readonly lateMs: number,
  ) {}

  find(intentId: string): Intent {
    const intent = this.books.intent(intentId);
    if (!intent) throw missingResource('payment_intent', intentId, 'intent');
    return intent;
  }

  create(form: z.infer<typeof createIntentForm>, now: Date): Change {
    const paymentMethod = form.payment_method ?? null;
    if (paymentMethod !== null && this.isUsedUp(paymentMethod, this.conduct(paymentMethod))) throw usedPaymentMethod();
    const intent: Intent = {
      id: `pi_${randomBytes(12).toString('hex')}`,
      amountMinor: form.amount,
      currency: form.currency.toUpperCase(),
      status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
      paymentMethod,
      metadata: form.metadata,
      description: form.description ?? null,
      createdAt: now.toISOString(),
      cancellation: null,
      chargeId: null,
      refundedMinor: 0,
      decline: null,
      lands: null,
    };
    return { entry: { intent }, shows: 'intent' };
  }

  async confirm(intentId: string, form: z.infer<typeof confirmIntentForm>, key: string | null): Promise<Change> {
    const { waitMs } = this.conduct(form.payment_method ?? this.find(intentId).paymentMethod);
    if (waitMs > 0) await wait(waitMs);
    // From here on nothing is awaited: what is decided is recorded before anybody else decides.
    const found = this.find(intentId);
    const confirmable =
      found.status === 'requires_confirmation' ||
      (found.status === 'requires_payment_method' && form.payment_method !== undefined);
    if (!confirmable) return refused(unexpectedState(found, 'confirm'));
    const paymentMethod = form.payment_method ?? found.paymentMethod;
    const conduct = this.conduct(paymentMethod);
    if (this.isUsedUp(paymentMethod, conduct)) return refused(usedPaymentMethod());
    if (this.failsNow(found.id, conduct)) return refused(serverError());
    if (conduct.charge.kind === 'nothing') throw new Unanswered(conduct.answer === 'reset' ? 'reset' : 'silence');
    return answered(conduct, this.charged({ ...found, paymentMethod, decline: null }, conduct, key, new Date()));
  }

  cancel(intentId: string, form: z.infer<typeof cancelIntentForm>, now: Date): Change {
    const intent = this.find(intentId);
    if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status))
      return refused(unexpectedState(intent, 'cancel'));
    const cancellation = { at: now.toISOString(), reason: form.cancellation_reason ?? null };
    return { entry: { intent: { ...intent, status: 'canceled', cancellation } }, shows: 'intent' };
  }

  /** The end of a charge that was `processing`. */
  land(intent: Intent, now: Date): Omit<Entry, 'at'> {
    return this.moveMoney({ ...intent, lands: null }, intent.lands?.idempotencyKey ?? null, now).entry;
  }

  private charged(intent: Intent, conduct: Conduct, key: string | null, now: Date): Change {
    const { charge } = conduct;
    switch (charge.kind) {
      case 'succeeds':
        return this.moveMoney(intent, key, now);
      case 'declined':
        return declined(intent, charge);
      case 'requires_action':
        return { entry: { intent: { ...intent, status: 'requires_action' } }, shows: 'intent' };
      case 'lands_later': {
        const at = new Date(now.getTime() + (charge.afterMs ?? this.lateMs)).toISOString();
        const lands = { at, idempotencyKey: key };
        return { entry: { intent: { ...intent, status: 'processing', lands } }, shows: 'intent' };
      }
      case 'nothing':
        throw new Error('who does nothing is not asked');
    }
  }

  private isUsedUp(token: string | null, { singleUse }: Conduct): boolean {
    return (
      singleUse &&
      this.books.listIntents().some(({ paymentMethod, chargeId }) => paymentMethod === token && chargeId !== null)
    );
  }

  private failsNow(intentId: string, { failuresFirst }: Conduct): boolean {
    const failures = this.failures.get(intentId) ?? 0;
    if (failures >= failuresFirst) return false;
    this.failures.set(intentId, failures + 1);
    return true;
  }

  private moveMoney(intent: Intent, key: string | null, now: Date): Change {
    const balanceMinor = this.books.balanceMinor(intent.paymentMethod ?? '');
    if (balanceMinor !== undefined && intent.amountMinor > balanceMinor)
      return declined(intent, insufficientFunds().charge);
    const chargeId = `ch_${randomBytes(12).toString('hex')}`;
    return {
      entry: {
        intent: { ...intent, status: 'succeeded', chargeId },
        ledger: ledgerItem('charge', chargeId, intent, intent.amountMinor, key, now),
        ...(balanceMinor === undefined || intent.paymentMethod === null
          ? {}
          : { method: { id: intent.paymentMethod, balanceMinor: balanceMinor - intent.amountMinor } }),
      },
      shows: 'intent',
    };
  }

  private conduct(paymentMethod: string | null): Conduct {
    if (paymentMethod === null)
      throw new ApiError(400, {
        type: 'invalid_request_error',
        code: 'payment_intent_unexpected_state',
        message: 'You cannot confirm this PaymentIntent because it is missing a payment method.',
      });
    const known =
      conductOf(paymentMethod) ?? (this.books.balanceMinor(paymentMethod) === undefined ? null : plainConduct);
    if (!known) throw missingResource('PaymentMethod', paymentMethod, 'payment_method', 400);
    return known;
  }
}

function declined(intent: Intent, { code, declineCode, message }: Omit<Decline, 'paymentMethod'>): Change {
  const decline = { code, declineCode, message, paymentMethod: intent.paymentMethod ?? '' };
  const after: Intent = { ...intent, status: 'requires_payment_method', paymentMethod: null, decline };
  const shown = renderIntent(after);
  const error = new ApiError(402, { type: 'card_error', message, ...shown.last_payment_error, payment_intent: shown });
  return { entry: { intent: after }, shows: 'intent', error };
}

/** Nothing changes; the refusal is kept for the key, as Stripe keeps it. */
function refused(error: ApiError): Change {
  return { entry: {}, shows: 'intent', error };
}

/** The change with what the payment method's conduct does to its answer. */
function answered(conduct: Conduct, change: Change): Change {
  switch (conduct.answer) {
    case 'sent':
      return change;
    case 'server_error':
      return { ...change, error: serverError() };
    case 'reset':
    case 'silence':
      return { ...change, withheld: conduct.answer };
  }
}
