import type { Charge } from '../domain/index.js';

/** A charge and the order that it is for: what the provider is told. */
export interface ChargeOrder {
  readonly orderId: string;
  readonly charge: Charge;
}

/** What the provider says of an intent. Anything it does not say, or not clearly, is an `OutcomeUnknown`. */
export type IntentAnswer =
  /** Nothing happened yet; it may be confirmed. */
  | { readonly kind: 'unconfirmed' }
  | { readonly kind: 'captured' }
  /** No money moved, and none will without a new confirmation. */
  | { readonly kind: 'declined'; readonly declineCode: string }
  /** The customer would have to act; nothing moves before that. */
  | { readonly kind: 'customer_needed' }
  /** No money moved, and none ever will. `declineCode` when it was cancelled because the customer was needed. */
  | { readonly kind: 'cancelled'; readonly declineCode: string | null }
  /** Under way: ask again. */
  | { readonly kind: 'processing' };

export type CancelReason =
  | 'order_cancelled'
  | 'customer_needed'
  /** The provider will not confirm it. */
  | 'turned_down';

export type CreateAnswer =
  | { readonly kind: 'created'; readonly intentId: string }
  /** The provider will never charge this: the payment method, the amount or the currency is nothing it knows. */
  | { readonly kind: 'declined'; readonly declineCode: string };

export type RefundAnswer =
  | { readonly kind: 'refunded'; readonly refundId: string }
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * The company that moves the money. Every call may be made again after a crash: each has one effect, however often.
 * Rejects with `OutcomeUnknown` when it cannot be said what happened, and with `ProviderRefusal` when asking again is useless.
 */
export abstract class PaymentProvider {
  /** Makes the intent, unconfirmed, or finds the one that was made before. */
  abstract createIntent(order: ChargeOrder): Promise<CreateAnswer>;
  abstract lookUp(intentId: string): Promise<IntentAnswer>;
  /** Moves the money. To be called only when `lookUp` has just said `unconfirmed`, or when the intent's id was committed just before. */
  abstract confirm(order: ChargeOrder, intentId: string): Promise<IntentAnswer>;
  /** Closes the intent unless its money has moved, and says what it came to. */
  abstract cancel(intentId: string, reason: CancelReason): Promise<IntentAnswer>;
  /** Gives all of the captured money back. */
  abstract refund(order: ChargeOrder, intentId: string): Promise<RefundAnswer>;
}

/** A timeout, a lost connection, an error on the provider's side: it may have happened or not. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** The provider answered that it does not know yet. */
export class StillProcessing extends Error {
  override readonly name = 'StillProcessing';
}

/** The provider understood and will not do it: a person has to look. */
export class ProviderRefusal extends Error {
  override readonly name = 'ProviderRefusal';
}
