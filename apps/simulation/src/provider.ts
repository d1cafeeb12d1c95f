import type { Random } from './random.js';
import type { Rules } from './rules/rules.js';
import { Violation } from './rules/violation.js';

export type Call =
  | {
      readonly type: 'create';
      readonly key: string;
      readonly orderId: string;
      readonly amountMinor: number;
      readonly paymentMethod: string;
    }
  | { readonly type: 'confirm'; readonly key: string; readonly intentId: string }
  | { readonly type: 'retrieve'; readonly intentId: string }
  | { readonly type: 'list-refunds'; readonly intentId: string }
  | { readonly type: 'cancel'; readonly intentId: string }
  | { readonly type: 'refund'; readonly key: string; readonly intentId: string };

export type Answer =
  | { readonly intentId: string; readonly status: 'requires_confirmation' | 'succeeded' | 'canceled' }
  | { readonly intentId: string; readonly status: 'declined'; readonly declineCode: string }
  | { readonly intentId: string; readonly status: 'refunded' | 'refund_failed'; readonly refundId: string };

export interface Webhook {
  readonly orderId: string;
  readonly answer: Answer;
  /** Sent again until it is acknowledged; others may never come. */
  readonly insistent: boolean;
}

interface Intent {
  readonly id: string;
  readonly orderId: string;
  readonly amountMinor: number;
  readonly declines: boolean;
  /** Somebody asked to charge it: only then can money ever move. */
  attempted: boolean;
  answer: Answer;
  /** The newest. */
  refund: Extract<Answer, { refundId: string }> | null;
  failedRefunds: number;
}

export const decliningMethod = 'pm_card_chargeDeclined';
/** No intent is ever made for it. */
export const unknownMethod = 'pm_unknown';
export const declineCode = 'card_declined';

/** Keeps what it was asked under the key it was asked with, and does nothing to protect a caller who changes keys. */
export class Provider {
  readonly webhooks: Webhook[] = [];
  /** Calls that their caller has given up and that land all the same. */
  readonly landing: Call[] = [];
  private readonly intents = new Map<string, Intent>();
  private readonly answers = new Map<string, Answer>();

  constructor(private readonly rules: Rules) {}

  call(call: Call): Answer {
    const known = 'key' in call ? this.answers.get(call.key) : undefined;
    if (known) return known;
    const answer = this.perform(call);
    if ('key' in call) this.answers.set(call.key, answer);
    return answer;
  }

  /**
   * The provider changes its mind: it cancels what nobody confirmed, or captures what it had declined or cancelled. Of money
   * that moves like this it tells until it is heard.
   */
  reverse(random: Random): boolean {
    const intents = [...this.intents.values()].filter(({ answer }) => answer.status !== 'succeeded');
    const attempted = intents.filter((intent) => intent.attempted);
    const untouched = intents.filter((intent) => !intent.attempted && intent.answer.status !== 'canceled');
    const candidates = attempted.length > 0 && random.chance(0.8) ? attempted : untouched;
    if (candidates.length === 0) return false;
    const intent = random.pick(candidates);
    if (!intent.attempted) this.conclude(intent, { intentId: intent.id, status: 'canceled' });
    else this.succeed(intent, true);
    return true;
  }

  /** A refund that had succeeded comes to nothing. Nothing but a webhook tells of it. What replaces it may fail once, too. */
  failRefund(random: Random): boolean {
    const failing = [...this.intents.values()].filter(
      ({ refund, failedRefunds }) => refund?.status === 'refunded' && failedRefunds < 2,
    );
    if (failing.length === 0) return false;
    const intent = random.pick(failing);
    if (!intent.refund) return false;
    intent.failedRefunds++;
    intent.refund = { ...intent.refund, status: 'refund_failed' };
    this.rules.refundFailing(intent.orderId, intent.amountMinor);
    this.webhooks.push({ orderId: intent.orderId, answer: intent.refund, insistent: true });
    return true;
  }

  /** Keys are kept for a day, which is longer than any call is on its way. */
  forgetKeys(): void {
    if (this.landing.length === 0) this.answers.clear();
  }

  private perform(call: Call): Answer {
    if (call.type === 'create') return this.create(call);
    const intent = this.intents.get(call.intentId);
    if (!intent) throw new Error(`the provider knows no intent ${call.intentId}`);
    switch (call.type) {
      case 'retrieve':
        return intent.answer;
      case 'confirm':
        intent.attempted = true;
        if (intent.answer.status === 'requires_confirmation') {
          if (intent.declines) this.conclude(intent, { intentId: intent.id, status: 'declined', declineCode });
          else this.succeed(intent, false);
        }
        return intent.answer;
      case 'cancel':
        if (intent.answer.status === 'requires_confirmation' || intent.answer.status === 'declined')
          this.conclude(intent, { intentId: intent.id, status: 'canceled' });
        return intent.answer;
      case 'list-refunds':
        return intent.refund ?? intent.answer;
      case 'refund': {
        const refundId = `re_${call.key}`;
        this.rules.refunding(intent.orderId, intent.amountMinor, refundId);
        intent.refund = { intentId: intent.id, status: 'refunded', refundId };
        this.webhooks.push({ orderId: intent.orderId, answer: intent.refund, insistent: false });
        return intent.refund;
      }
    }
  }

  private create({ key, orderId, amountMinor, paymentMethod }: Extract<Call, { type: 'create' }>): Answer {
    if (amountMinor <= 0) throw new Violation('payment', 'the provider is asked to charge nothing', [orderId]);
    if (paymentMethod === unknownMethod) {
      this.rules.declining(orderId);
      return { intentId: '', status: 'declined', declineCode: 'resource_missing' };
    }
    const answer: Answer = { intentId: `pi_${this.intents.size + 1}_${key}`, status: 'requires_confirmation' };
    const declines = paymentMethod === decliningMethod;
    this.intents.set(answer.intentId, {
      id: answer.intentId,
      orderId,
      amountMinor,
      declines,
      attempted: false,
      answer,
      refund: null,
      failedRefunds: 0,
    });
    return answer;
  }

  private succeed(intent: Intent, insistent: boolean): void {
    this.rules.charging(intent.orderId, intent.amountMinor);
    this.conclude(intent, { intentId: intent.id, status: 'succeeded' }, insistent);
  }

  private conclude(intent: Intent, answer: Answer, insistent = false): void {
    intent.answer = answer;
    if (answer.status === 'declined' || answer.status === 'canceled') this.rules.declining(intent.orderId);
    this.webhooks.push({ orderId: intent.orderId, answer, insistent });
  }
}
