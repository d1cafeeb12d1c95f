import { unreachable, type Awaits, type Decider, type Given, type Refusal } from '@quadrille/contracts';
import type { Amount, Charged, Payment, PaymentCommand, PaymentEvent, Refunds } from './payment.js';
import { hearProvider, moneyOf, requestRefund } from './provider-answers.js';

export const paymentDecider: Decider<PaymentCommand, Payment, PaymentEvent> = {
  initial: { status: 'none' },
  streamOf: ({ orderId }) => `payment-${orderId}`,
  decide,
  evolve,
  awaits,
};

function decide(command: PaymentCommand, payment: Payment, given: Given): readonly PaymentEvent[] | Refusal {
  switch (command.type) {
    case 'RememberAmount':
      return rememberAmount(command, payment, given);
    case 'RememberStock':
      return rememberStock(command, payment, given);
    case 'Abandon':
      return abandon(command, payment);
    case 'RecordIntent':
    case 'RecordCaptured':
    case 'RecordDeclined':
    case 'RecordNotCharged':
    case 'RecordRefunded':
    case 'RecordRefundFailed':
      return hearProvider(command, payment);
    default:
      return unreachable(command);
  }
}

type Command<Type extends PaymentCommand['type']> = Extract<PaymentCommand, { type: Type }>;

function rememberAmount(
  { orderId, amountMinor, currency, paymentMethod }: Command<'RememberAmount'>,
  payment: Payment,
  given: Given,
): readonly PaymentEvent[] {
  const amount = { amountMinor, currency, paymentMethod };
  if (payment.status === 'none') return [{ type: 'AmountKnown', orderId, ...amount }];
  return payment.status === 'awaiting' && !payment.amount ? requestCharge(orderId, amount, given) : [];
}

function rememberStock({ orderId }: Command<'RememberStock'>, payment: Payment, given: Given): readonly PaymentEvent[] {
  if (payment.status === 'none') return [{ type: 'StockKnown', orderId }];
  return payment.status === 'awaiting' && payment.amount ? requestCharge(orderId, payment.amount, given) : [];
}

/** No provider charges nothing, so what costs nothing is captured at once. */
function requestCharge(orderId: string, amount: Amount, given: Given): readonly PaymentEvent[] {
  const charge = { paymentId: given.id, ...amount };
  const requested: PaymentEvent = { type: 'ChargeRequested', orderId, ...charge };
  if (amount.amountMinor > 0) return [requested];
  return [requested, { type: 'Captured', ...moneyOf(orderId, charge), intentId: null }];
}

function abandon({ orderId }: Command<'Abandon'>, payment: Payment): readonly PaymentEvent[] {
  switch (payment.status) {
    case 'none':
    case 'awaiting':
      return [{ type: 'Closed', orderId }];
    case 'charging':
      return [{ type: 'CancelRequested', orderId }];
    case 'captured':
      return requestRefund(orderId, payment.charge, payment.intentId);
    case 'declined':
    case 'cancelling':
    case 'refunding':
    case 'refunded':
    case 'closed':
      return [];
    default:
      return unreachable(payment);
  }
}

function evolve(payment: Payment, event: PaymentEvent): Payment {
  switch (event.type) {
    case 'AmountKnown': {
      const { amountMinor, currency, paymentMethod } = event;
      return { status: 'awaiting', amount: { amountMinor, currency, paymentMethod }, stocked: false };
    }
    case 'StockKnown':
      return { status: 'awaiting', amount: null, stocked: true };
    case 'ChargeRequested': {
      const { paymentId, amountMinor, currency, paymentMethod } = event;
      return { status: 'charging', charge: { paymentId, amountMinor, currency, paymentMethod }, intentId: null };
    }
    case 'IntentCreated':
      if (payment.status !== 'charging' && payment.status !== 'cancelling') throw impossible(payment, event);
      return { ...payment, intentId: event.intentId };
    case 'Captured':
      return { ...charged(payment, event), status: 'captured', intentId: event.intentId };
    case 'Declined':
      return { ...charged(payment, event), status: 'declined', declineCode: event.declineCode };
    case 'CancelRequested':
      return { ...charged(payment, event), status: 'cancelling' };
    case 'RefundRequested':
      return {
        ...charged(payment, event),
        status: 'refunding',
        intentId: event.intentId,
        refundId: null,
        failedRefunds: [],
      };
    case 'RefundFailed': {
      const before = refunds(payment, event);
      return { ...before, status: 'refunding', failedRefunds: [...before.failedRefunds, event.refundId] };
    }
    case 'Refunded':
    case 'RefundMended':
      return { ...refunds(payment, event), status: 'refunded', refundId: event.refundId };
    case 'Closed':
      return 'charge' in payment && payment.charge
        ? { status: 'closed', charge: payment.charge, intentId: payment.intentId }
        : { status: 'closed', charge: null, intentId: null };
    default:
      return unreachable(event);
  }
}

/** What was asked of the provider outlives every change of status. */
function charged(payment: Payment, event: PaymentEvent): Charged {
  if (!('charge' in payment) || !payment.charge) throw impossible(payment, event);
  return { charge: payment.charge, intentId: payment.intentId };
}

/** And so does what is known of its refunds. */
function refunds(payment: Payment, event: PaymentEvent): Charged & Refunds {
  if (payment.status !== 'refunding' && payment.status !== 'refunded') throw impossible(payment, event);
  const { charge, intentId, refundId, failedRefunds } = payment;
  return { charge, intentId, refundId, failedRefunds };
}

function impossible(payment: Payment, event: PaymentEvent): Error {
  return new Error(`payment of order ${event.orderId}: ${event.type} cannot happen to one that is ${payment.status}`);
}

function awaits(payment: Payment): Awaits<PaymentCommand> | null {
  switch (payment.status) {
    case 'charging':
      return { kind: 'task', task: 'charge' };
    case 'cancelling':
      return { kind: 'task', task: 'settle' };
    case 'refunding':
      return { kind: 'task', task: 'refund' };
    case 'none':
    case 'awaiting':
    case 'captured':
    case 'declined':
    case 'refunded':
    case 'closed':
      return null;
    default:
      return unreachable(payment);
  }
}
