import type { Charged, Payment, PaymentCommand, PaymentEvent } from '@quadrille/payment/domain';
import { bending, type Mutant } from './mutant.js';

const { bent, ignoring, mistaking } = bending<PaymentCommand, Payment, PaymentEvent>('payment');

export const paymentMutants: readonly Mutant[] = [
  mistaking('the amount alone is charged', 'RememberAmount', (state) =>
    state.status === 'none' ? { status: 'awaiting', amount: null, stocked: true } : null,
  ),
  mistaking('the tombstone is ignored', 'RememberAmount', (state) =>
    state.status === 'closed' ? { status: 'awaiting', amount: null, stocked: true } : null,
  ),
  mistaking('repeated stock charges again', 'RememberStock', (state) =>
    'charge' in state && state.charge ? { status: 'awaiting', amount: state.charge, stocked: false } : null,
  ),
  ignoring('the tombstone is forgotten', is('none'), 'Abandon'),
  ignoring('a waiting payment is not closed', is('awaiting'), 'Abandon'),
  ignoring('a captured payment is not refunded', is('captured'), 'Abandon'),
  ignoring('a cancelled order does not stop its charge', is('charging'), 'Abandon'),
  ignoring('captured after all is ignored', is('cancelling'), 'RecordCaptured'),
  ignoring('a capture after the payment was closed is ignored', is('closed'), 'RecordCaptured'),
  ignoring('a capture after a decline is ignored', is('declined'), 'RecordCaptured'),
  ignoring('a decline is ignored', is('charging'), 'RecordDeclined'),
  ignoring('the answer to a refund is ignored', is('refunding'), 'RecordRefunded'),
  ignoring('a refund that fails later is ignored', is('refunded'), 'RecordRefundFailed'),
  ignoring('a refund that fails before it was heard of is ignored', is('refunding'), 'RecordRefundFailed'),
  mistaking('a refund that has failed counts when it is heard of late', 'RecordRefunded', (state) =>
    state.status === 'refunding' ? { ...state, failedRefunds: [] } : null,
  ),
  mistaking('a second refund is announced', 'RecordRefunded', (state) =>
    state.status === 'refunding' ? { ...state, refundId: null } : null,
  ),
  mistaking('captured after all is not refunded', 'RecordCaptured', seenAs('charging', 'cancelling')),
  mistaking('a capture after a decline is announced', 'RecordCaptured', seenAs('closed', 'declined')),
  mistaking('a payment is captured twice', 'RecordCaptured', seenAs('charging', 'captured')),
  mistaking('a late decline undoes a capture', 'RecordDeclined', seenAs('charging', 'captured')),
  mistaking('a payment is refunded twice', 'Abandon', seenAs('captured', 'refunded')),
  mistaking('a refund is requested twice', 'Abandon', seenAs('captured', 'refunding')),
  mistaking('a declined payment is refunded', 'Abandon', seenAs('captured', 'declined')),
  bent('a charge of unknown outcome is closed without asking', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Abandon' && state.status === 'charging'
        ? [{ type: 'Closed', orderId: command.orderId }]
        : decide(command, state, given),
  })),
  bent('a cancelled intent counts as captured', ({ decide }) => ({
    decide: (command, state, given) => {
      if (command.type !== 'RecordNotCharged' || !('intentId' in state)) return decide(command, state, given);
      return decide({ ...command, type: 'RecordCaptured', intentId: state.intentId ?? '' }, state, given);
    },
  })),
  bent('money on an intent that is not ours counts', ({ decide }) => ({
    decide: (command, state, given) => {
      const taken = command.type === 'RecordCaptured' && 'intentId' in state && state.intentId !== null;
      return decide(taken ? { ...command, intentId: state.intentId ?? '' } : command, state, given);
    },
  })),
  bent('the provider is never asked', () => ({ awaits: () => null })),
  bent('nobody settles a cancelled charge', ({ awaits }) => ({
    awaits: (state) => (state.status === 'cancelling' ? null : awaits(state)),
  })),
  bent('nobody refunds', ({ awaits }) => ({
    awaits: (state) => (state.status === 'refunding' ? null : awaits(state)),
  })),
];

function is(status: Payment['status']) {
  return (state: Payment) => state.status === status;
}

function seenAs(seen: 'charging' | 'captured' | 'closed', status: Payment['status']) {
  return (state: Payment): Payment | null => {
    if (state.status !== status) return null;
    const { charge, intentId } = state as Charged;
    return { status: seen, charge, intentId };
  };
}
