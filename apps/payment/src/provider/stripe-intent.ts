import type { IntentAnswer } from './payment-provider.js';

/** Stripe's word for why we cancelled an intent that needed the customer: it brings the reason back when it is looked up later. */
export const customerNeeded = 'abandoned';

/** The fields of a PaymentIntent that say what it came to. */
export interface IntentState {
  readonly status: string;
  readonly cancellation_reason: string | null;
  readonly last_payment_error: StripeFailure | null;
}

interface StripeFailure {
  readonly code?: string | undefined;
  readonly decline_code?: string | undefined;
}

/** https://docs.stripe.com/payments/paymentintents/lifecycle */
export function intentAnswer(intent: IntentState): IntentAnswer {
  switch (intent.status) {
    case 'succeeded':
      return { kind: 'captured' };
    case 'requires_confirmation':
      return { kind: 'unconfirmed' };
    case 'requires_payment_method':
      return { kind: 'declined', declineCode: declineCodeOf(intent.last_payment_error) };
    case 'requires_action':
      return { kind: 'customer_needed' };
    case 'canceled':
      return {
        kind: 'cancelled',
        declineCode: intent.cancellation_reason === customerNeeded ? 'authentication_required' : null,
      };
    case 'processing':
    default:
      // What this build does not know (`requires_capture`, a status to come) is not decided either.
      return { kind: 'processing' };
  }
}

export function declineCodeOf(failure: StripeFailure | null): string {
  return failure?.decline_code || failure?.code || 'card_declined';
}
