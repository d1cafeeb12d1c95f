/** How a payment method behaves: what its charge and its refund come to, and what the caller hears of it. */
export interface Conduct {
  readonly charge:
    | { readonly kind: 'succeeds' }
    | {
        readonly kind: 'declined';
        readonly code: string;
        readonly declineCode: string | null;
        readonly message: string;
      }
    | { readonly kind: 'requires_action' }
    /** Processing at first; the money moves later. */
    | { readonly kind: 'lands_later'; readonly afterMs: number | null }
    /** Nothing happens, and never will. */
    | { readonly kind: 'nothing' };
  /** Once an intent was charged to it, every other one is refused. */
  readonly singleUse: boolean;
  /** This many confirmations are answered with 500 before anything happens; the method behaves only after them. */
  readonly failuresFirst: number;
  /** What the caller of `confirm` gets to hear. */
  readonly answer: 'sent' | 'server_error' | 'reset' | 'silence';
  /** Waits this long before doing anything. */
  readonly waitMs: number;
  readonly refund:
    | { readonly kind: 'succeeds' }
    | { readonly kind: 'pending'; readonly endsAs: 'succeeded' | 'failed' }
    | { readonly kind: 'failed' }
    /** Succeeds, and fails later, though nobody was told that it might: so many of an intent's refunds do. */
    | { readonly kind: 'fails_later'; readonly atMost: number }
    /** Answers this many times with 503 before anything happens, or with 500, which its key keeps; then succeeds. */
    | { readonly kind: 'unavailable' | 'server_error'; readonly times: number };
}

type Declining = Extract<Conduct['charge'], { kind: 'declined' }>;

const good: Conduct = {
  charge: { kind: 'succeeds' },
  singleUse: false,
  failuresFirst: 0,
  answer: 'sent',
  waitMs: 0,
  refund: { kind: 'succeeds' },
};

/** The conduct of a token, or undefined when there is no such payment method. */
export function conductOf(token: string): Conduct | undefined {
  const fixed = tokens.get(token);
  if (fixed) return fixed;
  for (const [pattern, conduct] of patterns) {
    const match = pattern.exec(token);
    if (match) return conduct(Number(match[1]));
  }
  return undefined;
}

/** Tokens of https://docs.stripe.com/testing, then our own. */
const tokens = new Map<string, Conduct>(
  Object.entries({
    ...Object.fromEntries(
      ['visa', 'visa_debit', 'mastercard', 'mastercard_debit', 'amex', 'discover', 'diners', 'jcb', 'unionpay'].map(
        (brand) => [`pm_card_${brand}`, good],
      ),
    ),
    pm_card_chargeDeclined: declined('card_declined', 'generic_decline', 'Your card was declined.'),
    ...bothSpellings('chargeDeclinedInsufficientFunds', insufficientFunds()),
    ...bothSpellings('chargeDeclinedLostCard', declined('card_declined', 'lost_card', 'Your card was declined.')),
    ...bothSpellings('chargeDeclinedStolenCard', declined('card_declined', 'stolen_card', 'Your card was declined.')),
    ...bothSpellings(
      'chargeDeclinedVelocityLimitExceeded',
      declined(
        'card_declined',
        'card_velocity_exceeded',
        'Your card was declined for making repeated attempts too frequently.',
      ),
    ),
    pm_card_chargeDeclinedFraudulent: declined('card_declined', 'fraudulent', 'Your card was declined.'),
    pm_card_chargeDeclinedExpiredCard: declined('expired_card', null, 'Your card has expired.'),
    pm_card_chargeDeclinedIncorrectCvc: declined('incorrect_cvc', null, "Your card's security code is incorrect."),
    pm_card_chargeDeclinedProcessingError: declined(
      'processing_error',
      null,
      'An error occurred while processing your card. Try again in a little bit.',
    ),
    pm_card_authenticationRequired: { ...good, charge: { kind: 'requires_action' } },
    pm_card_threeDSecure2Required: { ...good, charge: { kind: 'requires_action' } },
    pm_card_pendingRefund: { ...good, refund: { kind: 'pending', endsAs: 'succeeded' } },
    pm_card_refundFail: { ...good, refund: { kind: 'fails_later', atMost: Infinity } },

    pm_single_use: { ...good, singleUse: true },
    pm_error_before_charge: { ...good, failuresFirst: Infinity },
    pm_error_after_charge: { ...good, answer: 'server_error' },
    pm_reset_before_charge: { ...good, charge: { kind: 'nothing' }, answer: 'reset' },
    pm_reset_after_charge: { ...good, answer: 'reset' },
    pm_silent: { ...good, charge: { kind: 'nothing' }, answer: 'silence' },
    pm_silent_after_charge: { ...good, answer: 'silence' },
    pm_late_charge: { ...good, charge: { kind: 'lands_later', afterMs: null }, answer: 'silence' },
    pm_processing: { ...good, charge: { kind: 'lands_later', afterMs: null } },
    pm_refund_fails: { ...good, refund: { kind: 'failed' } },
    pm_refund_pending_then_fails: { ...good, refund: { kind: 'pending', endsAs: 'failed' } },
  } satisfies Record<string, Conduct>),
);

const patterns: readonly (readonly [RegExp, (number: number) => Conduct])[] = [
  [/^pm_slow_(\d{1,6})$/, (waitMs) => ({ ...good, waitMs })],
  // The number only makes it another token.
  [/^pm_single_use_(\d{1,9})$/, () => ({ ...good, singleUse: true })],
  [/^pm_error_before_charge_(\d{1,3})_times$/, (failuresFirst) => ({ ...good, failuresFirst })],
  [
    /^pm_late_charge_(\d{1,6})$/,
    (afterMs) => ({ ...good, charge: { kind: 'lands_later', afterMs }, answer: 'silence' }),
  ],
  [/^pm_processing_(\d{1,6})$/, (afterMs) => ({ ...good, charge: { kind: 'lands_later', afterMs } })],
  [/^pm_refund_fails_later_(\d{1,3})_times$/, (atMost) => ({ ...good, refund: { kind: 'fails_later', atMost } })],
  [/^pm_refund_fails_(\d{1,3})_times$/, (times) => ({ ...good, refund: { kind: 'unavailable', times } })],
  [/^pm_error_before_refund_(\d{1,3})_times$/, (times) => ({ ...good, refund: { kind: 'server_error', times } })],
];

export function insufficientFunds(): Conduct & { charge: Declining } {
  return declined('card_declined', 'insufficient_funds', 'Your card has insufficient funds.');
}

/** A method that is only known because an administrator gave it a balance. */
export const plainConduct = good;

function declined(code: string, declineCode: string | null, message: string): Conduct & { charge: Declining } {
  return { ...good, charge: { kind: 'declined', code, declineCode, message } };
}

/** Stripe writes some tokens with the brand; people write them without. */
function bothSpellings(name: string, conduct: Conduct): Record<string, Conduct> {
  return { [`pm_card_${name}`]: conduct, [`pm_card_visa_${name}`]: conduct };
}
