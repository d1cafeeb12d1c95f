import { Injectable } from '@nestjs/common';
import { unreachable } from '@quadrille/contracts';
import { TaskGuard, type Task, type TaskResult, type TaskWorker } from '@quadrille/event-log';
import type { Charged, Payment, PaymentCommand } from '../domain/index.js';
import { Payments } from '../storage/payments.js';
import { answerCommand } from './answer-command.js';
import {
  OutcomeUnknown,
  PaymentProvider,
  ProviderRefusal,
  StillProcessing,
  type ChargeOrder,
  type IntentAnswer,
} from './payment-provider.js';

type Result = TaskResult<PaymentCommand>;

/**
 * Talks to the provider for payments that wait for its answer. Each run does one step, and looks before it leaps:
 *
 * - `charge`: no intent yet -> make one, have its id committed, and confirm it: before that commit nobody could. An intent that
 *   is there already may have been confirmed, so it is looked up, and confirmed only while it is unconfirmed. An answer that does
 *   not come is never a decline: the next run looks the intent up.
 * - `settle`: the order was cancelled while the answer was unknown -> cancel the intent. The provider decides which came
 *   first, the charge or the cancellation.
 * - `refund`: give the captured money back.
 *
 * Whether and when a step is tried is the guard's business.
 */
@Injectable()
export class PaymentWorker implements TaskWorker<PaymentCommand> {
  constructor(
    private readonly payments: Payments,
    private readonly provider: PaymentProvider,
    private readonly guard: TaskGuard,
  ) {}

  async perform(task: Task): Promise<Result> {
    const orderId = task.stream.slice('payment-'.length);
    const payment = await this.payments.ofOrder(orderId);
    const step = this.stepOf(task, orderId, payment);
    if (!step) return { kind: 'again', reason: `nothing to ${task.task}: the payment is ${payment.status} by now` };
    return this.attempt(task, step);
  }

  private async attempt(task: Task, step: () => Promise<Result>): Promise<Result> {
    try {
      return await this.guard.run(task, step);
    } catch (error) {
      if (error instanceof ProviderRefusal) return { kind: 'give-up', reason: error.message };
      if (error instanceof OutcomeUnknown || error instanceof StillProcessing)
        return { kind: 'again', reason: error.message, delayMs: this.guard.delayMs(task) };
      throw error;
    }
  }

  private stepOf(task: Task, orderId: string, payment: Payment): (() => Promise<Result>) | null {
    if (task.task === 'charge' && payment.status === 'charging') return () => this.charge(task, orderId, payment);
    if (task.task === 'settle' && payment.status === 'cancelling') return () => this.settle(orderId, payment);
    if (task.task === 'refund' && payment.status === 'refunding') return () => this.refund(orderId, payment);
    return null;
  }

  private async charge(task: Task, orderId: string, { charge, intentId }: Charged): Promise<Result> {
    const order = { orderId, charge };
    if (intentId !== null) {
      const found = await this.provider.lookUp(intentId);
      return found.kind === 'unconfirmed' ? this.confirm(order, intentId) : this.concluded(orderId, intentId, found);
    }
    const result = await this.createIntent(order);
    if (result.kind !== 'answer' || result.command.type !== 'RecordIntent') return result;
    const created = result.command.intentId;
    return { ...result, next: () => this.confirmFirst(task, order, created) };
  }

  /** The id was committed a moment ago, so nobody has confirmed the intent, and nothing need be looked up. */
  private async confirmFirst(task: Task, order: ChargeOrder, intentId: string): Promise<Result> {
    const payment = await this.payments.ofOrder(order.orderId);
    if (payment.status !== 'charging' || payment.intentId !== intentId)
      return { kind: 'again', reason: `nothing to confirm: the payment is ${payment.status} by now`, delayMs: 0 };
    return this.attempt({ ...task, attempts: 0 }, () => this.confirm(order, intentId));
  }

  private async confirm(order: ChargeOrder, intentId: string): Promise<Result> {
    return this.concluded(order.orderId, intentId, await this.provider.confirm(order, intentId));
  }

  private async concluded(orderId: string, intentId: string, answer: IntentAnswer): Promise<Result> {
    if (answer.kind !== 'customer_needed') return recorded(orderId, intentId, answer);
    // Nobody is there to act. Until the intent is closed the money could still move, so this is no decline before that.
    return recorded(orderId, intentId, await this.provider.cancel(intentId, 'customer_needed'));
  }

  private async settle(orderId: string, { charge, intentId }: Charged): Promise<Result> {
    // It may have been made without its id being committed: the same call finds it.
    if (intentId === null) return this.createIntent({ orderId, charge });
    return recorded(orderId, intentId, await this.provider.cancel(intentId, 'order_cancelled'));
  }

  private async refund(orderId: string, { charge, intentId }: Charged): Promise<Result> {
    if (intentId === null) throw new Error(`the payment of order ${orderId} is to be refunded but has no intent`);
    const answer = await this.provider.refund({ orderId, charge }, intentId);
    switch (answer.kind) {
      case 'refunded':
        return { kind: 'answer', command: { type: 'RecordRefunded', orderId, refundId: answer.refundId } };
      case 'pending':
        throw new StillProcessing('the refund is pending');
      case 'failed':
        throw new ProviderRefusal(answer.reason);
      default:
        return unreachable(answer);
    }
  }

  private async createIntent(order: ChargeOrder): Promise<Result> {
    const { orderId } = order;
    const answer = await this.provider.createIntent(order);
    const command: PaymentCommand =
      answer.kind === 'created'
        ? { type: 'RecordIntent', orderId, intentId: answer.intentId }
        : { type: 'RecordDeclined', orderId, declineCode: answer.declineCode };
    return { kind: 'answer', command };
  }
}

function recorded(orderId: string, intentId: string, answer: IntentAnswer): Result {
  const command = answerCommand(orderId, intentId, answer);
  if (!command) throw new StillProcessing(`the intent ${intentId} is ${answer.kind}`);
  return { kind: 'answer', command };
}
