import { Injectable } from '@nestjs/common';
import { Stripe } from 'stripe';
import { PaymentConfiguration } from '../payment-configuration.js';
import {
  OutcomeUnknown,
  PaymentProvider,
  ProviderRefusal,
  type CancelReason,
  type ChargeOrder,
  type CreateAnswer,
  type IntentAnswer,
  type RefundAnswer,
} from './payment-provider.js';
import { stripeClient } from './stripe-client.js';
import { customerNeeded, declineCodeOf, intentAnswer } from './stripe-intent.js';

/**
 * Amounts are in minor units as ISO 4217 has them, and so are Stripe's but for these three: there the króna and the Ugandan shilling
 * have two decimals and not none, and the ariary has none and not two (https://docs.stripe.com/currencies). Sent as it is, an
 * amount would be a hundredth or a hundred times the price.
 */
const otherUnits: ReadonlySet<string> = new Set(['ISK', 'UGX', 'MGA']);

/** PaymentIntents and Refunds of https://docs.stripe.com/api, for cards and without the customer being there. */
@Injectable()
export class StripeProvider extends PaymentProvider {
  private readonly stripe: Stripe;

  constructor(configuration: PaymentConfiguration) {
    super();
    this.stripe = stripeClient(configuration);
  }

  async createIntent({ orderId, charge }: ChargeOrder): Promise<CreateAnswer> {
    if (otherUnits.has(charge.currency)) return { kind: 'declined', declineCode: 'currency_not_supported' };
    const parameters: Stripe.PaymentIntentCreateParams = {
      amount: charge.amountMinor,
      currency: charge.currency.toLowerCase(),
      payment_method: charge.paymentMethod,
      // Nobody can be sent anywhere to pay.
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: { orderId, paymentId: charge.paymentId },
    };
    try {
      const { id } = await withKey(`${charge.paymentId}:create`, (options) =>
        this.stripe.paymentIntents.create(parameters, options),
      );
      return { kind: 'created', intentId: id };
    } catch (error) {
      const declineCode = refusedCharge(error);
      if (declineCode !== undefined) return { kind: 'declined', declineCode };
      throw explained(error);
    }
  }

  async lookUp(intentId: string): Promise<IntentAnswer> {
    try {
      return intentAnswer(await this.stripe.paymentIntents.retrieve(intentId));
    } catch (error) {
      throw explained(error);
    }
  }

  async confirm({ charge }: ChargeOrder, intentId: string): Promise<IntentAnswer> {
    try {
      return intentAnswer(
        await withKey(`${charge.paymentId}:confirm`, (options) =>
          this.stripe.paymentIntents.confirm(intentId, {}, options),
        ),
      );
    } catch (error) {
      if (error instanceof Stripe.errors.StripeCardError)
        return error.payment_intent
          ? intentAnswer(error.payment_intent)
          : { kind: 'declined', declineCode: declineCodeOf(error) };
      // Somebody was faster: what it came to is found out by looking.
      if (isUnexpectedState(error)) return this.lookUp(intentId);
      if (error instanceof Stripe.errors.StripeInvalidRequestError) return this.turnedDown(intentId, error);
      throw explained(error);
    }
  }

  /**
   * Stripe will not confirm it, mostly because of the payment method: one that was used before, for example. That has charged
   * nothing, but while the intent is open something else could: it is declined once it is closed. Whatever else the look finds
   * is what it came to, and of an intent that Stripe does not know the look itself is refused.
   */
  private async turnedDown(intentId: string, { code }: Stripe.errors.StripeInvalidRequestError): Promise<IntentAnswer> {
    const found = await this.lookUp(intentId);
    if (found.kind !== 'unconfirmed') return found;
    const closed = await this.cancel(intentId, 'turned_down');
    return closed.kind === 'cancelled' ? { kind: 'declined', declineCode: code ?? 'invalid_payment_method' } : closed;
  }

  /** No key of ours: cancelling twice is cancelling, and a refusal that was kept for a key would outlive its reason. */
  async cancel(intentId: string, reason: CancelReason): Promise<IntentAnswer> {
    try {
      const cancellation_reason = reason === 'customer_needed' ? customerNeeded : 'requested_by_customer';
      return intentAnswer(await this.stripe.paymentIntents.cancel(intentId, { cancellation_reason }));
    } catch (error) {
      if (isUnexpectedState(error)) return this.lookUp(intentId);
      throw explained(error);
    }
  }

  /**
   * Looks at what was refunded before, for keys are forgotten after 24 hours and their kept answers grow old. A refund that
   * failed is not tried again: the money has to take another way, and when a person has found it, the next look sees it.
   */
  async refund({ charge }: ChargeOrder, intentId: string): Promise<RefundAnswer> {
    try {
      const { data } = await this.stripe.refunds.list({ payment_intent: intentId, limit: 100 });
      if (data.length > 0) return refundAnswer(data, charge.amountMinor);
      const refund = await withKey(`${charge.paymentId}:refund`, (options) =>
        this.stripe.refunds.create({ payment_intent: intentId, metadata: { paymentId: charge.paymentId } }, options),
      );
      return refundAnswer([refund], charge.amountMinor);
    } catch (error) {
      // One that was asked for earlier has come through behind the look, and the next look finds it.
      if (isAlreadyRefunded(error)) throw new OutcomeUnknown(error.message, { cause: error });
      throw explained(error);
    }
  }
}

/** The newest first, as Stripe lists them. */
function refundAnswer(refunds: readonly Stripe.Refund[], amountMinor: number): RefundAnswer {
  const succeeded = refunds.filter(({ status }) => status === 'succeeded');
  const refundedMinor = succeeded.reduce((sum, { amount }) => sum + amount, 0);
  if (succeeded[0] && refundedMinor >= amountMinor) return { kind: 'refunded', refundId: succeeded[0].id };
  if (refunds.some(({ status }) => status === 'pending' || status === 'requires_action')) return { kind: 'pending' };
  const reasons = refunds.map(
    ({ id, status, failure_reason: reason }) => `${id} ${status}${reason ? ` (${reason})` : ''}`,
  );
  return {
    kind: 'failed',
    reason: `${refundedMinor} of ${amountMinor} went back: ${reasons.join(', ')}; refund the rest at the provider, then replay`,
  };
}

/**
 * Calls with a key that is the same for ever, so that the call has one effect. Stripe keeps an error 500 for its key and gives
 * it again for a day: such a key is spent, and the call is made with a key of the present time instead. So a try costs that kept
 * answer and one call, however many tries have failed before, and the first one after Stripe is well succeeds.
 *
 * No two keys of the time need be alike, for where a key is spent a second call has no second effect: an intent is charged once
 * whatever confirms it, and is confirmed only after a look that found it unconfirmed; of the intents of one payment only that whose
 * id was committed is ever confirmed; and a refund gives back all that is left of the charge, so that Stripe refuses a second one.
 */
async function withKey<Answer>(
  key: string,
  call: (options: { idempotencyKey: string }) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call({ idempotencyKey: key });
  } catch (error) {
    if (!isSpent(error)) throw error;
    return call({ idempotencyKey: `${key}:${new Date().toISOString()}` });
  }
}

function isSpent(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError) || (error.statusCode ?? 0) < 500) return false;
  return error.headers?.['idempotent-replayed'] === 'true';
}

function isUnexpectedState(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'payment_intent_unexpected_state';
}

function isAlreadyRefunded(error: unknown): error is Stripe.errors.StripeInvalidRequestError {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'charge_already_refunded';
}

/** The code with which Stripe turned down the payment method, the amount or the currency: no intent was made. */
function refusedCharge(error: unknown): string | undefined {
  if (error instanceof Stripe.errors.StripeCardError) return declineCodeOf(error);
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return undefined;
  if (error.param === 'amount' || error.param === 'currency') return error.code ?? 'invalid_charge';
  return isAboutPaymentMethod(error) ? (error.code ?? 'invalid_payment_method') : undefined;
}

/**
 * That a payment method was used before, or is no longer its customer's, Stripe says with neither a code nor a parameter: only then
 * are its words read, for it calls the thing by its name in the API.
 */
function isAboutPaymentMethod({ code, param, message }: Stripe.errors.StripeInvalidRequestError): boolean {
  if (param === 'payment_method' || code?.startsWith('payment_method')) return true;
  return !code && !param && /\bPaymentMethod\b/.test(message);
}

/** A request that Stripe will never take is a person's business; everything else may have happened or not. */
function explained(error: unknown): Error {
  if (error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeIdempotencyError)
    return new ProviderRefusal(`the provider refused: ${error.message}`, { cause: error });
  if (error instanceof Stripe.errors.StripeError)
    return new OutcomeUnknown(`${error.type}: ${error.message}`, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
