import type { CancelReason, Encrypted, ServiceName } from '@quadrille/contracts';
import { Refusal, unreachable, type Awaits, type Decider, type Given } from '@quadrille/contracts';

/**
 * An order is `pending` from the moment it is placed until it ends. It becomes `confirmed` by the captured payment and
 * `cancelled` by rejected stock, a declined payment, its deadline or its customer. The customer may still cancel a
 * confirmed order; nothing leaves `cancelled`.
 */
export type Order =
  | { readonly status: 'none' }
  | (Placement & Open & { readonly status: 'pending'; readonly endedAt: null })
  | (Placement & Open & { readonly status: 'confirmed'; readonly endedAt: string })
  | (Placement & Ended & { readonly status: 'cancelled' });

export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitMinor: number;
}

export interface Placement {
  readonly id: string;
  readonly customerId: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLine[];
  readonly placedAt: string;
  /** When an order that is still pending is given up. */
  readonly dueAt: string;
  /** Names of the facts that the timeline has, without their version: a fact is told once. */
  readonly noted: readonly string[];
}

interface Open {
  readonly reason: null;
  readonly declineCode: null;
}

interface Ended {
  readonly reason: CancelReason;
  readonly declineCode: string | null;
  readonly endedAt: string;
}

/** Another service's public event, as the timeline keeps it. */
export interface HeardFact {
  readonly id: string;
  readonly at: string;
  readonly service: ServiceName;
  /** The type on the wire. */
  readonly type: string;
  readonly data: object;
}

export type OrderCommand =
  | Place
  | { readonly type: 'Cancel'; readonly orderId: string }
  | { readonly type: 'TimeOut'; readonly orderId: string }
  | { readonly type: 'RecordStockRejected'; readonly orderId: string; readonly fact: HeardFact }
  | { readonly type: 'RecordPaymentCaptured'; readonly orderId: string; readonly fact: HeardFact }
  | {
      readonly type: 'RecordPaymentDeclined';
      readonly orderId: string;
      readonly declineCode: string;
      readonly fact: HeardFact;
    }
  /** For the timeline only. */
  | { readonly type: 'Note'; readonly orderId: string; readonly fact: HeardFact };

export interface Place {
  readonly type: 'Place';
  readonly orderId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLine[];
  readonly paymentMethod: string;
  readonly contact?: { readonly email: Encrypted } | undefined;
  readonly deadlineMs: number;
}

export type OrderEvent =
  | Placed
  | { readonly type: 'Confirmed'; readonly orderId: string; readonly at: string }
  | {
      readonly type: 'Cancelled';
      readonly orderId: string;
      readonly at: string;
      readonly reason: CancelReason;
      readonly declineCode: string | null;
    }
  | { readonly type: 'Noted'; readonly orderId: string; readonly fact: HeardFact };

export interface Placed {
  readonly type: 'Placed';
  readonly orderId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLine[];
  readonly paymentMethod: string;
  readonly contact?: { readonly email: Encrypted } | undefined;
  readonly placedAt: string;
  readonly dueAt: string;
}

export const orderDecider: Decider<OrderCommand, Order, OrderEvent> = {
  initial: { status: 'none' },
  streamOf: ({ orderId }) => `order-${orderId}`,
  decide,
  evolve,
  awaits,
};

function decide(command: OrderCommand, order: Order, given: Given): readonly OrderEvent[] | Refusal {
  switch (command.type) {
    case 'Place':
      return place(command, order, given);
    case 'Cancel':
      return order.status === 'none'
        ? new Refusal('unknown_order', `there is no order ${command.orderId}`)
        : cancel(order, 'customer_request', given);
    case 'TimeOut':
      return order.status === 'pending' && Date.parse(given.now) >= Date.parse(order.dueAt)
        ? cancel(order, 'timed_out', given)
        : [];
    case 'RecordStockRejected':
      return onceNoted(command.fact, order, (pending) => cancel(pending, 'out_of_stock', given));
    case 'RecordPaymentCaptured':
      return onceNoted(command.fact, order, (pending) => [{ type: 'Confirmed', orderId: pending.id, at: given.now }]);
    case 'RecordPaymentDeclined':
      return onceNoted(command.fact, order, (pending) =>
        cancel(pending, 'payment_declined', given, command.declineCode),
      );
    case 'Note':
      return onceNoted(command.fact, order, () => []);
    default:
      return unreachable(command);
  }
}

function place({ type: _, deadlineMs, ...placement }: Place, order: Order, given: Given): readonly OrderEvent[] {
  if (order.status !== 'none') return [];
  const dueAt = new Date(Date.parse(given.now) + deadlineMs).toISOString();
  return [{ type: 'Placed', ...placement, placedAt: given.now, dueAt }];
}

function cancel(
  order: Exclude<Order, { status: 'none' }>,
  reason: CancelReason,
  given: Given,
  declineCode: string | null = null,
): readonly OrderEvent[] {
  if (order.status === 'cancelled') return [];
  return [{ type: 'Cancelled', orderId: order.id, at: given.now, reason, declineCode }];
}

/** Facts come late, twice and about orders that ended: the timeline keeps the first of a kind, and only a pending order reacts. */
function onceNoted(
  fact: HeardFact,
  order: Order,
  react: (pending: Extract<Order, { status: 'pending' }>) => readonly OrderEvent[],
): readonly OrderEvent[] {
  if (order.status === 'none' || order.noted.includes(nameOf(fact))) return [];
  return [{ type: 'Noted', orderId: order.id, fact }, ...(order.status === 'pending' ? react(order) : [])];
}

function nameOf({ type }: HeardFact): string {
  return type.replace(/\.v\d+$/, '');
}

function evolve(order: Order, event: OrderEvent): Order {
  if (event.type === 'Placed') {
    const { orderId, customerId, currency, totalMinor, lines, placedAt, dueAt } = event;
    const placement = { id: orderId, customerId, currency, totalMinor, lines, placedAt, dueAt, noted: [] };
    return { status: 'pending', ...placement, reason: null, declineCode: null, endedAt: null };
  }
  if (order.status === 'none') throw new Error(`${event.type} of order ${event.orderId}, which was never placed`);
  switch (event.type) {
    case 'Confirmed':
      return { ...order, status: 'confirmed', reason: null, declineCode: null, endedAt: event.at };
    case 'Cancelled':
      return { ...order, status: 'cancelled', reason: event.reason, declineCode: event.declineCode, endedAt: event.at };
    case 'Noted':
      return { ...order, noted: [...order.noted, nameOf(event.fact)] };
    default:
      return unreachable(event);
  }
}

function awaits(order: Order): Awaits<OrderCommand> | null {
  return order.status === 'pending'
    ? { kind: 'deadline', dueAt: order.dueAt, command: { type: 'TimeOut', orderId: order.id } }
    : null;
}
