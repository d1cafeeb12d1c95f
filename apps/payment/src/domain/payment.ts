/**
 * A payment waits (`awaiting`) for two facts, the amount and the stock, in whichever order they come; then the provider is
 * asked (`charging`) until its answer is known: `captured` or `declined`. When the order is cancelled meanwhile the answer
 * is still to be found out (`cancelling`): captured after all is refunded (`refunding`, `refunded`), otherwise nothing was
 * charged (`closed`). `closed` is also the tombstone of a cancellation that came before any charge was asked for.
 * A refund may fail though it had succeeded, days later: then the payment is to be refunded again, by a person at the provider.
 */
export type Payment =
  | { readonly status: 'none' }
  /** Exactly one of the two facts is known: with both there is a charge. */
  | { readonly status: 'awaiting'; readonly amount: Amount | null; readonly stocked: boolean }
  | (Charged & { readonly status: 'charging' })
  | (Charged & { readonly status: 'captured' })
  | (Charged & { readonly status: 'declined'; readonly declineCode: string })
  | (Charged & { readonly status: 'cancelling' })
  | (Charged & Refunds & { readonly status: 'refunding' })
  | (Charged & Refunds & { readonly status: 'refunded' })
  | (Charged & { readonly status: 'closed' })
  /** Cancelled before any charge was asked for. */
  | { readonly status: 'closed'; readonly charge: null; readonly intentId: null };

/** A payment whose charge was asked for. `intentId` is null until the provider has answered with one. */
export interface Charged {
  readonly charge: Charge;
  readonly intentId: string | null;
}

export interface Refunds {
  /** The one that gave the money back, or was taken to have done so: null before, and where nothing was charged. */
  readonly refundId: string | null;
  /** They came to nothing, whatever was or will be said of them. */
  readonly failedRefunds: readonly string[];
}

export interface Amount {
  readonly amountMinor: number;
  readonly currency: string;
  /** The provider's token. */
  readonly paymentMethod: string;
}

/** What the provider is asked for, once. Its id is also the root of the provider's idempotency keys. */
export interface Charge extends Amount {
  readonly paymentId: string;
}

export type PaymentCommand =
  | {
      readonly type: 'RememberAmount';
      readonly orderId: string;
      readonly amountMinor: number;
      readonly currency: string;
      readonly paymentMethod: string;
    }
  | { readonly type: 'RememberStock'; readonly orderId: string }
  | { readonly type: 'Abandon'; readonly orderId: string }
  /** The provider made the intent, unconfirmed: from here on its answer can be looked up. */
  | { readonly type: 'RecordIntent'; readonly orderId: string; readonly intentId: string }
  | { readonly type: 'RecordCaptured'; readonly orderId: string; readonly intentId: string }
  | { readonly type: 'RecordDeclined'; readonly orderId: string; readonly declineCode: string }
  /** The provider cancelled the intent: nothing was charged, and nothing ever will be. */
  | { readonly type: 'RecordNotCharged'; readonly orderId: string }
  | { readonly type: 'RecordRefunded'; readonly orderId: string; readonly refundId: string }
  /** The refund came to nothing, though it may have succeeded before. */
  | { readonly type: 'RecordRefundFailed'; readonly orderId: string; readonly refundId: string };

export type PaymentEvent =
  | ({ readonly type: 'AmountKnown'; readonly orderId: string } & Amount)
  | { readonly type: 'StockKnown'; readonly orderId: string }
  | ({ readonly type: 'ChargeRequested'; readonly orderId: string } & Charge)
  | { readonly type: 'IntentCreated'; readonly orderId: string; readonly intentId: string }
  | (Money & { readonly type: 'Captured'; readonly intentId: string | null })
  | (Money & { readonly type: 'Declined'; readonly declineCode: string })
  | { readonly type: 'CancelRequested'; readonly orderId: string }
  | (Money & { readonly type: 'RefundRequested'; readonly intentId: string | null })
  | (Money & { readonly type: 'Refunded'; readonly refundId: string | null })
  | { readonly type: 'RefundFailed'; readonly orderId: string; readonly refundId: string }
  /** A refund was announced, one has failed, and the whole amount went back all the same. */
  | { readonly type: 'RefundMended'; readonly orderId: string; readonly refundId: string }
  | { readonly type: 'Closed'; readonly orderId: string };

/** What listeners are told of a payment. */
export interface Money {
  readonly orderId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
}
