import type { Payment, PaymentCommand } from '@quadrille/payment/domain';
import type { Answer, Call } from './provider.js';
import type { Replica, Service, WakeUp } from './service.js';
import type { World } from './world.js';

type Charged = Extract<Payment, { charge: object }>;

/**
 * Talks to the provider for one replica of payment, outside every transaction: what is asked for is committed before the
 * call, and the answer comes back as a command. Two workers may have the same task at once.
 */
export class Worker {
  private call: { readonly orderId: string; readonly call: Call; readonly lookedUp: boolean } | null = null;
  private attempts = 0;

  constructor(
    private readonly payment: Service,
    private readonly replica: Replica,
    private readonly world: World,
  ) {}

  step(): boolean {
    if (this.world.outage) return false;
    return this.call ? this.ask() : this.begin();
  }

  crash(): void {
    this.call = null;
  }

  private begin(): boolean {
    const { tasks, rows } = this.payment.database;
    const { random } = this.world;
    if (tasks.size === 0) return false;
    const stream = random.pick([...tasks]);
    const payment = rows.get(stream) as Charged;
    this.begun(stream.slice('payment-'.length), payment);
    return true;
  }

  private begun(orderId: string, payment: Charged): void {
    const { random, plumbing } = this.world;
    const { charge, intentId } = payment;
    const key = (purpose: string) =>
      plumbing.repeatsProviderKeys
        ? `${charge.paymentId}:${purpose}`
        : `${charge.paymentId}:${purpose}:${this.replica.name}:${++this.attempts}`;
    const ask = (call: Call) => {
      this.call = { orderId, call, lookedUp: call.type === 'retrieve' };
    };
    if (payment.status === 'refunding') {
      if (intentId !== null) ask({ type: 'refund', key: key('refund'), intentId });
      return;
    }
    if (intentId === null) {
      // Without a committed intent nothing was ever confirmed.
      if (payment.status === 'cancelling' && random.chance(0.5))
        this.report({ type: 'RecordNotCharged', orderId }, 'answer');
      else ask({ type: 'create', key: key('create'), orderId, ...charge });
      return;
    }
    if (payment.status === 'cancelling') ask({ type: 'cancel', intentId });
    // The key makes a repeated confirmation harmless; a worker that does not know whether it confirmed may as well look.
    else if (random.chance(0.5)) ask({ type: 'retrieve', intentId });
    else ask({ type: 'confirm', key: key('confirm'), intentId });
  }

  private ask(): boolean {
    if (!this.call) return false;
    const { orderId, call, lookedUp } = this.call;
    const { adversary, provider, history, plumbing } = this.world;
    this.call = null;
    const told = (what: string) =>
      history.note(`${this.replica.name} worker`, () => `asks to ${call.type}: ${what}`, [orderId]);
    if (adversary.does('provider-error')) {
      told('5xx');
      return this.unknown(orderId);
    }
    if (adversary.does('late-landing')) {
      told('no answer, and it lands later');
      provider.landing.push(call);
      return this.unknown(orderId);
    }
    const answer = provider.call(call);
    if (adversary.does('lost-answer')) {
      told(`${answer.status}, but the answer is lost`);
      return this.unknown(orderId);
    }
    told(answer.status);
    if (answer.status === 'requires_confirmation' && call.type === 'retrieve') {
      const payment = this.payment.database.rows.get(`payment-${orderId}`) as Charged;
      this.call = {
        orderId,
        call: { type: 'confirm', key: `${payment.charge.paymentId}:confirm`, intentId: call.intentId },
        lookedUp,
      };
      return true;
    }
    if (call.type === 'create' && !plumbing.commitsIntentFirst) {
      const confirmed = provider.call({ type: 'confirm', key: `${call.key}:confirm`, intentId: answer.intentId });
      this.report(commandOf(orderId, confirmed), 'answer');
      return true;
    }
    this.report(commandOf(orderId, answer), lookedUp ? 'looked up' : 'answer');
    return true;
  }

  /** The task stays, and its next attempt finds out. */
  private unknown(orderId: string): true {
    if (!this.world.plumbing.looksUpUnknown)
      this.report({ type: 'RecordDeclined', orderId, declineCode: 'unknown' }, 'answer');
    return true;
  }

  private report(command: PaymentCommand, circumstance: WakeUp['circumstance']): void {
    this.replica.waiting.push({ kind: 'wake-up', command, circumstance });
  }
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
  }
}
