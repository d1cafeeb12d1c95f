/** A promise to charge a payment method once, at most. Immutable: every change is a new snapshot in the journal. */
export interface Intent {
  readonly id: string;
  readonly amountMinor: number;
  /** ISO 4217, capital letters. */
  readonly currency: string;
  readonly status:
    'requires_payment_method' | 'requires_confirmation' | 'requires_action' | 'processing' | 'succeeded' | 'canceled';
  readonly paymentMethod: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly description: string | null;
  readonly createdAt: string;
  readonly cancellation: { readonly at: string; readonly reason: string | null } | null;
  readonly chargeId: string | null;
  readonly refundedMinor: number;
  readonly decline: Decline | null;
  /** Set while `processing`: when the charge lands, and the key of the confirmation that asked for it. */
  readonly lands: { readonly at: string; readonly idempotencyKey: string | null } | null;
}

export interface Decline {
  readonly code: string;
  readonly declineCode: string | null;
  readonly message: string;
  readonly paymentMethod: string;
}

export interface Refund {
  readonly id: string;
  readonly intentId: string;
  readonly chargeId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly failureReason: string | null;
  readonly reason: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly idempotencyKey: string | null;
  /** Set while it is `pending`, or has succeeded and is going to fail: when it ends, and how. */
  readonly ends: { readonly at: string; readonly as: 'succeeded' | 'failed' } | null;
}

/** Money that moved. */
export interface LedgerItem {
  /** The id of the charge or the refund. */
  readonly id: string;
  readonly at: string;
  readonly kind: 'charge' | 'refund';
  readonly amountMinor: number;
  readonly currency: string;
  readonly orderId: string | null;
  readonly paymentId: string | null;
  readonly paymentIntent: string;
  readonly idempotencyKey: string | null;
}

/** What an idempotency key was answered, so that it can be answered the same again. */
export interface Answer {
  readonly key: string;
  readonly fingerprint: string;
  readonly at: string;
  readonly status: number;
  /** The body of an error; a success answers with the entry's intent or refund as it was then. */
  readonly error: object | null;
  readonly shows: 'intent' | 'refund';
}

/** One line of the journal: everything that one request changed, so that all of it is on disk or none of it. */
export interface Entry {
  readonly at: string;
  readonly intent?: Intent;
  readonly refund?: Refund;
  readonly ledger?: LedgerItem;
  readonly method?: { readonly id: string; readonly balanceMinor: number };
  readonly answer?: Answer;
}
