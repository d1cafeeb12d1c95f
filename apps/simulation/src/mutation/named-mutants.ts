import type { Awaits, Given, Refusal, ServiceName } from '@quadrille/contracts';
import type { Inventory, InventoryCommand, InventoryEvent, StockLevels } from '@quadrille/inventory/domain';
import type { Order, OrderCommand, OrderEvent } from '@quadrille/order/domain';
import type { Payment, PaymentCommand, PaymentEvent } from '@quadrille/payment/domain';
import { shippedParticipants, type Message, type Participants } from '../participants.js';
import { soundPlumbing, type Plumbing } from '../plumbing.js';

/** A deliberate bug. The simulation must notice each of them, or it proves nothing. */
export interface Mutant {
  readonly name: string;
  readonly participants: Participants;
  readonly plumbing: Plumbing;
}

type Decided<Event> = readonly Event[] | Refusal;

interface Rules<Command, State, Event> {
  readonly decide: (command: Command, state: State, given: Given) => Decided<Event>;
  readonly evolve: (state: State, event: Event) => State;
  readonly awaits: (state: State) => Awaits<Command> | null;
}

function bend<Command, State, Event>(service: ServiceName) {
  return (
    name: string,
    change: (real: Rules<Command, State, Event>) => Partial<Rules<Command, State, Event>>,
  ): Mutant => {
    const shipped = shippedParticipants[service];
    const real = shipped.decider;
    const changed = change({
      decide: (command, state, given) => real.decide(command as Message, state, given) as Decided<Event>,
      evolve: (state, event) => real.evolve(state, event as Message) as State,
      awaits: (state) => (real.awaits?.(state) ?? null) as Awaits<Command> | null,
    });
    const decider = { ...real, ...changed } as typeof real;
    return {
      name: `${service}: ${name}`,
      participants: { ...shippedParticipants, [service]: { ...shipped, decider } },
      plumbing: soundPlumbing,
    };
  };
}

const order = bend<OrderCommand, Order, OrderEvent>('order');
const inventory = bend<InventoryCommand, Inventory, InventoryEvent>('inventory');
const payment = bend<PaymentCommand, Payment, PaymentEvent>('payment');

const orderMutants: readonly Mutant[] = [
  order('a late capture confirms a cancelled order', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(command, command.type === 'RecordPaymentCaptured' ? asPending(state) : state, given),
  })),
  order('late rejected stock cancels a cancelled order again', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(command, command.type === 'RecordStockRejected' ? asPending(state) : state, given),
  })),
  order('the deadline fires before its time', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        state,
        command.type === 'TimeOut' && state.status === 'pending' ? { ...given, now: state.dueAt } : given,
      ),
  })),
  order('the deadline cancels a confirmed order', ({ decide }) => ({
    decide: (command, state, given) => decide(command, command.type === 'TimeOut' ? asPending(state) : state, given),
  })),
  order('an order is cancelled twice', ({ decide }) => ({
    decide: (command, state, given) => decide(command, command.type === 'Cancel' ? asPending(state) : state, given),
  })),
  order('a fact is told twice', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(command, state.status === 'none' ? state : { ...state, noted: [] }, given),
  })),
  order('rejected stock is only noted', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(command.type === 'RecordStockRejected' ? { ...command, type: 'Note' } : command, state, given),
  })),
  order('a captured payment is only noted', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(command.type === 'RecordPaymentCaptured' ? { ...command, type: 'Note' } : command, state, given),
  })),
  order('a declined payment confirms', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command.type === 'RecordPaymentDeclined' ? { ...command, type: 'RecordPaymentCaptured' } : command,
        state,
        given,
      ),
  })),
  order('the decline code is lost', ({ decide }) => ({
    decide: (command, state, given) => {
      const decided = decide(command, state, given);
      if (!Array.isArray(decided)) return decided;
      return (decided as OrderEvent[]).map((event) =>
        event.type === 'Cancelled' ? { ...event, declineCode: null } : event,
      );
    },
  })),
  order('a confirmed order cannot be cancelled', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Cancel' && state.status === 'confirmed' ? [] : decide(command, state, given),
  })),
  order('facts about a cancelled order are not noted', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Note' && state.status === 'cancelled' ? [] : decide(command, state, given),
  })),
  order('no deadline is kept', () => ({ awaits: () => null })),
  order('the deadline outlives its order', ({ awaits }) => ({ awaits: (state) => awaits(asPending(state)) })),
];

const inventoryMutants: readonly Mutant[] = [
  inventory('the tombstone is forgotten', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Release' && state.reservation.status === 'none' ? [] : decide(command, state, given),
  })),
  inventory('the tombstone is ignored', asThoughNothingWas('Reserve', 'closed')),
  inventory('an order reserves twice', asThoughNothingWas('Reserve', 'held')),
  inventory('an order reserves again after it was released', asThoughNothingWas('Reserve', 'released')),
  inventory('an order reserves again after it was rejected', asThoughNothingWas('Reserve', 'rejected')),
  inventory('more is sold than there is', ({ decide, evolve }) => ({
    decide: (command, state, given) => decide(command, { ...state, levels: shifted(state.levels, 1000) }, given),
    evolve: (state, event) =>
      event.type === 'Reserved'
        ? { ...evolve({ ...state, levels: shifted(state.levels, 1000) }, event), levels: state.levels }
        : evolve(state, event),
  })),
  inventory('the last piece is not sold', ({ decide }) => ({
    decide: (command, state, given) => decide(command, { ...state, levels: shifted(state.levels, -1) }, given),
  })),
  inventory('the lines that are there are reserved, the others are not', ({ decide }) => ({
    decide: (command, state, given) => {
      if (command.type !== 'Reserve') return decide(command, state, given);
      const there = command.lines.filter(({ sku, quantity }) => quantity <= (state.levels[sku]?.available ?? 0));
      return decide(there.length > 0 ? { ...command, lines: there } : command, state, given);
    },
  })),
  inventory('a reservation is released twice', ({ decide }) => ({
    decide: (command, state, given) => {
      const { reservation } = state;
      if (command.type !== 'Release' || reservation.status !== 'released') return decide(command, state, given);
      return decide(command, { ...state, reservation: { ...reservation, status: 'held' } }, given);
    },
  })),
  inventory('committed stock is not put back', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Release' && state.reservation.status === 'committed' ? [] : decide(command, state, given),
  })),
  inventory('held stock is not put back', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Release' && state.reservation.status === 'held' ? [] : decide(command, state, given),
  })),
  inventory('a released reservation is committed', ({ decide }) => ({
    decide: (command, state, given) => {
      const { reservation } = state;
      if (command.type !== 'Commit' || reservation.status !== 'released') return decide(command, state, given);
      return decide(command, { ...state, reservation: { ...reservation, status: 'held' } }, given);
    },
  })),
  inventory('a confirmed order is not committed', ({ decide }) => ({
    decide: (command, state, given) => (command.type === 'Commit' ? [] : decide(command, state, given)),
  })),
  inventory('released stock does not come back to its level', ({ evolve }) => ({
    evolve: (state, event) =>
      event.type === 'Released' ? { ...evolve(state, event), levels: state.levels } : evolve(state, event),
  })),
  inventory('committed stock stays held', ({ evolve }) => ({
    evolve: (state, event) =>
      event.type === 'Committed' ? { ...evolve(state, event), levels: state.levels } : evolve(state, event),
  })),
];

const paymentMutants: readonly Mutant[] = [
  payment('the amount alone is charged', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'RememberAmount' && state.status === 'none'
          ? { status: 'awaiting', amount: null, stocked: true }
          : state,
        given,
      ),
  })),
  payment('the tombstone is forgotten', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Abandon' && state.status === 'none' ? [] : decide(command, state, given),
  })),
  payment('the tombstone is ignored', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'RememberAmount' && state.status === 'closed'
          ? { status: 'awaiting', amount: null, stocked: true }
          : state,
        given,
      ),
  })),
  payment('a waiting payment is not closed', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Abandon' && state.status === 'awaiting' ? [] : decide(command, state, given),
  })),
  payment('repeated stock charges again', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'RememberStock' && 'charge' in state && state.charge
          ? { status: 'awaiting', amount: state.charge, stocked: false }
          : state,
        given,
      ),
  })),
  payment('a captured payment is not refunded', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Abandon' && state.status === 'captured' ? [] : decide(command, state, given),
  })),
  payment('a cancelled order does not stop its charge', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Abandon' && state.status === 'charging' ? [] : decide(command, state, given),
  })),
  payment('a charge of unknown outcome is closed without asking', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'Abandon' && state.status === 'charging'
        ? [{ type: 'Closed', orderId: command.orderId }]
        : decide(command, state, given),
  })),
  payment('captured after all is not refunded', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'RecordCaptured' && state.status === 'cancelling' ? { ...state, status: 'charging' } : state,
        given,
      ),
  })),
  payment('captured after all is ignored', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'RecordCaptured' && state.status === 'cancelling'
        ? [{ type: 'Closed', orderId: command.orderId }]
        : decide(command, state, given),
  })),
  payment('a capture after the payment was closed is ignored', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'RecordCaptured' && state.status === 'closed' ? [] : decide(command, state, given),
  })),
  payment('a capture after a decline is ignored', ({ decide }) => ({
    decide: (command, state, given) =>
      command.type === 'RecordCaptured' && state.status === 'declined' ? [] : decide(command, state, given),
  })),
  payment('a capture after a decline is announced', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'RecordCaptured' && state.status === 'declined' ? { ...state, status: 'closed' } : state,
        given,
      ),
  })),
  payment('a payment is captured twice', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'RecordCaptured' && state.status === 'captured' ? { ...state, status: 'charging' } : state,
        given,
      ),
  })),
  payment('a payment is refunded twice', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'Abandon' && state.status === 'refunded' ? { ...state, status: 'captured' } : state,
        given,
      ),
  })),
  payment('a refund is requested twice', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'Abandon' && state.status === 'refunding' ? { ...state, status: 'captured' } : state,
        given,
      ),
  })),
  payment('a cancelled intent counts as captured', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command.type === 'RecordNotCharged'
          ? { type: 'RecordCaptured', orderId: command.orderId, intentId: intentOf(state) }
          : command,
        state,
        given,
      ),
  })),
  payment('a late decline undoes a capture', ({ decide }) => ({
    decide: (command, state, given) =>
      decide(
        command,
        command.type === 'RecordDeclined' && state.status === 'captured' ? { ...state, status: 'charging' } : state,
        given,
      ),
  })),
  payment('the provider is never asked', () => ({ awaits: () => null })),
  payment('nobody settles a cancelled charge', ({ awaits }) => ({
    awaits: (state) => (state.status === 'cancelling' ? null : awaits(state)),
  })),
  payment('nobody refunds', ({ awaits }) => ({
    awaits: (state) => (state.status === 'refunding' ? null : awaits(state)),
  })),
];

const plumbingMutants: readonly Mutant[] = [
  plumbing('the inbox is dropped', { checksInbox: false }),
  plumbing('acknowledged before the commit', { acknowledgesAfterCommit: false }),
  plumbing('answered before the commit', { answersAfterCommit: false }),
  plumbing('no lease check', { checksLease: false }),
  plumbing('streams are not locked', { locksStreams: false }),
  plumbing('naive stock update', { locksLevels: false }),
  plumbing('messages of a batch do not see each other', { seesPredecessors: false }),
  plumbing('the log is locked after the insert', { drawsPositionsAtCommit: false }),
  plumbing('idempotency keys are not kept', { keepsIdempotencyKeys: false }),
  plumbing('deadlines live in memory', { keepsDeadlinesWithState: false }),
  plumbing('tasks live in memory', { keepsTasksWithState: false }),
  plumbing('the relay moves its checkpoint first', { publishesBeforeCheckpoint: false }),
  plumbing('two in flight per subject', { publishesInOrder: false }),
  plumbing('an unconfirmed publish is not repeated', { repeatsUnconfirmed: false }),
  plumbing('published before the commit', { publishesOnlyCommitted: false }),
  plumbing('a new provider key per retry', { repeatsProviderKeys: false }),
  plumbing('charged in one call, with a new key per retry', { repeatsProviderKeys: false, commitsIntentFirst: false }),
  plumbing('confirmed before its intent is committed', { commitsIntentFirst: false }),
  plumbing('an unknown outcome is taken for a decline', { looksUpUnknown: false }),
];

export const namedMutants: readonly Mutant[] = [
  ...orderMutants,
  ...inventoryMutants,
  ...paymentMutants,
  ...plumbingMutants,
];

function plumbing(name: string, broken: Partial<Plumbing>): Mutant {
  return { name: `plumbing: ${name}`, participants: shippedParticipants, plumbing: { ...soundPlumbing, ...broken } };
}

function asPending(state: Order): Order {
  if (state.status === 'none') return state;
  return { ...state, status: 'pending', reason: null, declineCode: null, endedAt: null };
}

function asThoughNothingWas(type: InventoryCommand['type'], status: Inventory['reservation']['status']) {
  return ({ decide }: Rules<InventoryCommand, Inventory, InventoryEvent>) => ({
    decide: (command: InventoryCommand, state: Inventory, given: Given) =>
      command.type === type && state.reservation.status === status
        ? decide(command, { ...state, reservation: { status: 'none' } }, given)
        : decide(command, state, given),
  });
}

function shifted(levels: StockLevels, by: number): StockLevels {
  return Object.fromEntries(
    Object.entries(levels).map(([sku, level]) => [sku, { ...level, available: Math.max(0, level.available + by) }]),
  );
}

function intentOf(state: Payment): string {
  return 'intentId' in state && state.intentId !== null ? state.intentId : 'pi_unknown';
}
