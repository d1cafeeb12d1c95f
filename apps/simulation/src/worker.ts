import type { Payment, PaymentCommand } from '@quadrille/payment/domain';
import type { Answer, Call } from './provider.js';
import type { Outcome, Replica, Service } from './service.js';
import type { World } from './world.js';

type Charged = Extract<Payment, { charge: object }>;

/**
 * Talks to the provider for one replica of payment, outside every transaction: what is asked for is committed before the
 * call, and the answer comes back as a command. Two workers may have the same task at once. It makes the same calls in the
 * same order as the worker that ships (apps/payment/src/provider): it looks before it leaps, except that it goes on from an
 * intent whose id it has just had committed to its confirmation. Whoever dies before that looks: what waits for a round, and
 * what is committed and not acknowledged, is lost with the replica.
 */
export class Worker {
  private pending: { readonly orderId: string; readonly call: Call } | null = null;
  private keysUsed = 0;

  constructor(
    private readonly payment: Service,
    private readonly replica: Replica,
    private readonly world: World,
  ) {}

  step(): boolean {
    if (this.world.outage) return false;
    if (this.pending) {
      const { orderId, call } = this.pending;
      this.pending = null;
      this.ask(orderId, call);
      return true;
    }
    const { tasks } = this.payment.database;
    if (tasks.size === 0) return false;
    const orderId = this.world.random.pick([...tasks]).slice('payment-'.length);
    this.pending = { orderId, call: this.nextCall(orderId) };
    return true;
  }

  get isIdle(): boolean {
    return this.pending === null;
  }

  crash(): void {
    this.pending = null;
  }

  private nextCall(orderId: string): Call {
    const { status, charge, intentId } = this.paymentOf(orderId);
    if (intentId === null) return { type: 'create', key: this.keyOf(orderId, 'create'), orderId, ...charge };
    if (status === 'refunding') return { type: 'list-refunds', intentId };
    return { type: status === 'cancelling' ? 'cancel' : 'retrieve', intentId };
  }

  private ask(orderId: string, call: Call): void {
    const { adversary, provider, history } = this.world;
    const hear = (what: string) =>
      history.note(`${this.replica.name} worker`, () => `asks to ${call.type}: ${what}`, [orderId]);
    if (adversary.does('provider-error')) {
      hear('5xx');
      return this.knowNothing(orderId);
    }
    if (adversary.does('late-landing')) {
      hear('no answer, and it lands later');
      provider.landing.push(call);
      return this.knowNothing(orderId);
    }
    const answer = provider.call(call);
    if (adversary.does('lost-answer')) {
      hear(`${answer.status}, but the answer is lost`);
      return this.knowNothing(orderId);
    }
    hear(answer.status);
    const next = this.following(orderId, call, answer);
    if (next) this.pending = { orderId, call: next };
    else
      this.report(commandOf(orderId, answer), looks(call) ? 'looked up' : 'answer', (outcome) => {
        if (call.type === 'create' && changedSomething(outcome)) this.goOn(orderId, answer);
      });
  }

  /** The intent was committed a moment ago, so that nobody can have confirmed it unless the task is another's by now. */
  private goOn(orderId: string, { intentId }: Answer): void {
    const payment = this.paymentOf(orderId);
    if (this.pending || payment.status !== 'charging' || payment.intentId !== intentId) return;
    this.pending = { orderId, call: { type: 'confirm', key: this.keyOf(orderId, 'confirm'), intentId } };
  }

  /** What was looked up and is not there yet is asked for; after a refund that failed it is a person who asks for another. */
  private following(orderId: string, { type }: Call, answer: Answer): Call | null {
    const { status, intentId } = answer;
    if (type === 'list-refunds' && status === 'succeeded')
      return { type: 'refund', key: this.keyOf(orderId, 'refund'), intentId };
    if (type === 'list-refunds' && answer.status === 'refund_failed')
      return { type: 'refund', key: this.keyOf(orderId, `after ${answer.refundId}`), intentId };
    if (status === 'requires_confirmation' && (type === 'retrieve' || !this.world.plumbing.commitsIntentFirst))
      return { type: 'confirm', key: this.keyOf(orderId, 'confirm'), intentId };
    return null;
  }

  /** The task stays, and its next attempt finds out. */
  private knowNothing(orderId: string): void {
    if (!this.world.plumbing.looksUpUnknown)
      this.report({ type: 'RecordDeclined', orderId, declineCode: 'unknown' }, 'answer');
  }

  private report(
    command: PaymentCommand,
    circumstance: string,
    settled: (outcome: Outcome) => void = () => undefined,
  ): void {
    this.replica.waiting.push({ kind: 'wake-up', command, circumstance, settled });
  }

  private keyOf(orderId: string, purpose: string): string {
    const key = `${this.paymentOf(orderId).charge.paymentId}:${purpose}`;
    return this.world.plumbing.repeatsProviderKeys ? key : `${key}:${this.replica.name}:${++this.keysUsed}`;
  }

  private paymentOf(orderId: string): Charged {
    return this.payment.database.rows.get(`payment-${orderId}`) as Charged;
  }
}

function looks({ type }: Call): boolean {
  return type === 'retrieve' || type === 'list-refunds';
}

function changedSomething(outcome: Outcome): boolean {
  return outcome.kind === 'decided' && outcome.events > 0;
}

export function commandOf(orderId: string, answer: Answer): PaymentCommand {
  const { intentId } = answer;
  switch (answer.status) {
    case 'requires_confirmation':
      return { type: 'RecordIntent', orderId, intentId };
    case 'succeeded':
      return { type: 'RecordCaptured', orderId, intentId };
    case 'declined':
      return { type: 'RecordDeclined', orderId, declineCode: answer.declineCode };
    case 'canceled':
      return { type: 'RecordNotCharged', orderId };
    case 'refunded':
      return { type: 'RecordRefunded', orderId, refundId: answer.refundId };
    case 'refund_failed':
      return { type: 'RecordRefundFailed', orderId, refundId: answer.refundId };
  }
}
