import type { Order, OrderCommand, OrderEvent } from '@quadrille/order/domain';
import { bending, type Mutant } from './mutant.js';

const { bent, ignoring, mistaking } = bending<OrderCommand, Order, OrderEvent>('order');

export const orderMutants: readonly Mutant[] = [
  mistaking('a late capture confirms a cancelled order', 'RecordPaymentCaptured', asPending),
  mistaking('late rejected stock cancels a cancelled order again', 'RecordStockRejected', asPending),
  mistaking('a late decline cancels a cancelled order again', 'RecordPaymentDeclined', asPending),
  mistaking('the deadline cancels a confirmed order', 'TimeOut', asPending),
  mistaking('an order is cancelled twice', 'Cancel', asPending),
  mistaking('an order is placed twice', 'Place', () => ({ status: 'none' })),
  mistaking('a fact is told twice', 'Note', (state) => (state.status === 'none' ? state : { ...state, noted: [] })),
  ignoring('a confirmed order cannot be cancelled', ({ status }) => status === 'confirmed', 'Cancel'),
  ignoring('facts about a cancelled order are not noted', ({ status }) => status === 'cancelled', 'Note'),
  ignoring('the deadline does nothing', () => true, 'TimeOut'),
  bent('the deadline fires before its time', ({ decide }) => ({
    decide: (command, state, given) => {
      const pending = command.type === 'TimeOut' && state.status === 'pending';
      return decide(command, pending ? { ...state, dueAt: given.now } : state, given);
    },
  })),
  bent('rejected stock is only noted', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(command.type === 'RecordStockRejected' ? { ...command, type: 'Note' } : command, state, given),
  })),
  bent('a captured payment is only noted', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(command.type === 'RecordPaymentCaptured' ? { ...command, type: 'Note' } : command, state, given),
  })),
  bent('a declined payment confirms', ({ decide }) => ({
    decide: (command, state, given) => {
      const declined = command.type === 'RecordPaymentDeclined';
      return decide(declined ? { ...command, type: 'RecordPaymentCaptured' } : command, state, given);
    },
  })),
  bent('the decline code is lost', ({ decide }) => ({
    decide: (command, state, given) => {
      const decided = decide(command, state, given);
      if (!Array.isArray(decided)) return decided;
      return (decided as OrderEvent[]).map((event) =>
        event.type === 'Cancelled' ? { ...event, declineCode: null } : event,
      );
    },
  })),
  bent('no deadline is kept', () => ({ awaits: () => null })),
  bent('the deadline outlives its order', ({ awaits }) => ({ awaits: (state) => awaits(asPending(state)) })),
];

function asPending(state: Order): Order {
  if (state.status === 'none') return state;
  return { ...state, status: 'pending', reason: null, declineCode: null, endedAt: null };
}
