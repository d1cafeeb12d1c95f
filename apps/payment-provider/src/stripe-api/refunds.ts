import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Books } from '../books/books.js';
import type { Entry, Refund } from '../books/entries.js';
import { conductOf, plainConduct, type Conduct } from '../payment-methods.js';
import { ApiError, missingResource, serverError, unavailable } from './errors.js';
import { id, metadata, positiveInteger } from './form.js';
import type { Change } from './idempotent-requests.js';
import { ledgerItem } from './objects.js';

export const createRefundForm = z.strictObject({
  payment_intent: id,
  amount: positiveInteger.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata,
});

/** Money back: https://docs.stripe.com/api/refunds. Never more than was charged. */
export class Refunds {
  /** How often an intent's refund was answered with an error so far, for methods that ask for it. */
  private readonly failures = new Map<string, number>();

  constructor(
    private readonly books: Books,
    private readonly refundMs: number,
  ) {}

  find(refundId: string): Refund {
    const refund = this.books.refund(refundId);
    if (!refund) throw missingResource('refund', refundId, 'refund');
    return refund;
  }

  create(form: z.infer<typeof createRefundForm>, key: string | null, now: Date): Change {
    const intent = this.books.intent(form.payment_intent);
    if (!intent) throw missingResource('payment_intent', form.payment_intent, 'payment_intent');
    if (intent.chargeId === null)
      throw refusal(
        'charge_not_refundable',
        `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      );
    const leftMinor = intent.amountMinor - intent.refundedMinor;
    const amountMinor = form.amount ?? leftMinor;
    if (leftMinor === 0)
      throw refusal('charge_already_refunded', `Charge ${intent.chargeId} has already been refunded.`);
    if (amountMinor > leftMinor)
      throw refusal(
        'amount_too_large',
        `Refund amount (${amountMinor}) is greater than unrefunded amount (${leftMinor})`,
      );
    const conduct = (conductOf(intent.paymentMethod ?? '') ?? plainConduct).refund;
    if (this.failsNow(intent.id, conduct)) {
      if (conduct.kind === 'unavailable') throw unavailable();
      return { entry: {}, shows: 'refund', error: serverError() };
    }
    const refund: Refund = {
      id: `re_${randomBytes(12).toString('hex')}`,
      intentId: intent.id,
      chargeId: intent.chargeId,
      amountMinor,
      currency: intent.currency,
      status: 'pending',
      failureReason: null,
      reason: form.reason ?? null,
      metadata: form.metadata,
      createdAt: now.toISOString(),
      idempotencyKey: key,
      ends: null,
    };
    const failsLater = conduct.kind === 'fails_later' && this.failedOf(intent.id) < conduct.atMost;
    if (!failsLater && conduct.kind !== 'pending')
      return { entry: this.end(refund, conduct.kind === 'failed' ? 'failed' : 'succeeded', now), shows: 'refund' };
    const at = new Date(now.getTime() + this.refundMs).toISOString();
    const promised: Refund =
      conduct.kind === 'pending'
        ? { ...refund, ends: { at, as: conduct.endsAs } }
        : { ...refund, status: 'succeeded', ends: { at, as: 'failed' } };
    // What is on its way counts as refunded, so that a second refund cannot pass it.
    const counted = { ...intent, refundedMinor: intent.refundedMinor + amountMinor };
    return { entry: { refund: promised, intent: counted }, shows: 'refund' };
  }

  /** The end of a refund, at once or later. */
  end(refund: Refund, as: 'succeeded' | 'failed', now: Date): Omit<Entry, 'at'> {
    const intent = this.books.intent(refund.intentId);
    if (!intent) throw new Error(`refund ${refund.id} is of an unknown intent ${refund.intentId}`);
    const countedMinor = refund.ends === null ? 0 : refund.amountMinor;
    const ended = { ...refund, status: as, ends: null };
    if (as === 'failed')
      return {
        refund: { ...ended, failureReason: 'lost_or_stolen_card' },
        intent: { ...intent, refundedMinor: intent.refundedMinor - countedMinor },
      };
    const balanceMinor = this.books.balanceMinor(intent.paymentMethod ?? '');
    return {
      refund: ended,
      intent: { ...intent, refundedMinor: intent.refundedMinor - countedMinor + refund.amountMinor },
      ledger: ledgerItem('refund', refund.id, intent, refund.amountMinor, refund.idempotencyKey, now),
      ...(balanceMinor === undefined || intent.paymentMethod === null
        ? {}
        : { method: { id: intent.paymentMethod, balanceMinor: balanceMinor + refund.amountMinor } }),
    };
  }

  private failedOf(intentId: string): number {
    return this.books.listRefunds(intentId).filter(({ status }) => status === 'failed').length;
  }

  private failsNow(intentId: string, conduct: Conduct['refund']): boolean {
    const failures = this.failures.get(intentId) ?? 0;
    if (!('times' in conduct) || failures >= conduct.times) return false;
    this.failures.set(intentId, failures + 1);
    return true;
  }
}

function refusal(code: string, message: string): ApiError {
  return new ApiError(400, { type: 'invalid_request_error', code, message });
}
