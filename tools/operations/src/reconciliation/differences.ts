import type { Books, LedgerItem, Order, Payment, Reservation } from './books.js';

export type DifferenceKind =
  | 'charged_twice'
  | 'refunded_twice'
  | 'charged_but_cancelled'
  | 'charged_without_order'
  | 'confirmed_not_charged'
  | 'refunded_but_confirmed'
  | 'refund_missing'
  | 'amount_differs'
  | 'payment_disagrees'
  | 'reservation_disagrees'
  | 'without_order'
  | 'still_pending';

export interface Difference {
  readonly orderId: string | null;
  readonly kind: DifferenceKind;
  readonly what: string;
  /** It may still come right by itself: somebody is at work on it, and has not been for too long. */
  readonly inFlight: boolean;
  /** What services say they still have to do for the order, and its dead letters. */
  readonly because: readonly string[];
}

export interface Patience {
  readonly now: Date;
  /** How long after its last change an order may be under way. */
  readonly inFlightMs: number;
}

/** All that is known of one order. */
interface Case {
  readonly id: string;
  order?: Order;
  payment?: Payment;
  reservation?: Reservation;
  readonly charges: LedgerItem[];
  readonly refunds: LedgerItem[];
}

/** A difference before anybody asked whether it may still come right. `final` ones never do. */
interface Finding {
  readonly kind: DifferenceKind;
  readonly what: string;
  readonly final?: boolean;
}

/** Compares the provider's ledger with payments, orders and reservations, order by order. */
export function differences(books: Books, patience: Patience): Difference[] {
  const strangers = books.ledger.filter(({ orderId }) => orderId === null);
  return [
    ...strangers.map(({ id, kind, amountMinor, currency }): Difference => {
      const what = `the provider has a ${kind} ${id} of ${amountMinor} ${currency} that names no order`;
      return { orderId: null, kind: 'charged_without_order', what, inFlight: false, because: [] };
    }),
    ...casesOf(books).flatMap((one) =>
      findingsOf(one).map(({ kind, what, final = false }): Difference => {
        const underWay = books.underWay.get(one.id) ?? [];
        const dead = books.dead.get(one.id) ?? [];
        const isYoung = !!one.order && patience.now.getTime() - one.order.changedAt.getTime() < patience.inFlightMs;
        // A pending order's deadline ends it, whatever is stuck elsewhere.
        const isMoving = kind === 'still_pending' || (dead.length === 0 && underWay.length > 0);
        const inFlight = !final && isYoung && isMoving;
        return { orderId: one.id, kind, what, inFlight, because: [...dead, ...underWay] };
      }),
    ),
  ];
}

function findingsOf(one: Case): Finding[] {
  return one.order ? [...moneyOf(one, one.order), ...statesOf(one, one.order)] : withoutOrder(one);
}

function moneyOf({ payment, charges, refunds }: Case, { status, totalMinor, currency }: Order): Finding[] {
  const found: Finding[] = [];
  const [charge] = charges;
  if (charges.length > 1)
    found.push({ kind: 'charged_twice', what: `was charged ${listOf(charges)}, once is right`, final: true });
  if (refunds.length > 1)
    found.push({ kind: 'refunded_twice', what: `was refunded ${listOf(refunds)}, once is right`, final: true });
  for (const item of [...charges, ...refunds])
    if (item.amountMinor !== totalMinor || item.currency !== currency)
      found.push({
        kind: 'amount_differs',
        what: `costs ${totalMinor} ${currency}, but the ${item.kind} ${item.id} is ${item.amountMinor} ${item.currency}`,
        final: true,
      });
  if (payment && payment.amountMinor !== null && payment.amountMinor !== totalMinor)
    found.push({
      kind: 'amount_differs',
      what: `costs ${totalMinor} ${currency}, but its payment says ${payment.amountMinor}`,
      final: true,
    });
  if (status === 'confirmed' && !charge && totalMinor > 0)
    found.push({ kind: 'confirmed_not_charged', what: 'is confirmed, but the provider has no charge', final: true });
  if (status === 'confirmed' && refunds.length > 0)
    found.push({
      kind: 'refunded_but_confirmed',
      what: 'is confirmed, but the provider has given the money back',
      final: true,
    });
  if (status === 'cancelled' && charge && refunds.length === 0)
    found.push(
      payment?.status === 'refunding' || payment?.status === 'refunded'
        ? {
            kind: 'refund_missing',
            what: `is cancelled and its payment ${payment.status}, but the provider has no refund`,
            final: payment.status === 'refunded',
          }
        : {
            kind: 'charged_but_cancelled',
            what: `is cancelled, but the provider keeps ${charge.amountMinor} ${charge.currency} (payment: ${payment?.status ?? 'none'})`,
            final: payment?.status === 'closed' || payment?.status === 'declined',
          },
    );
  return found;
}

/** What payments of a confirmed and of a cancelled order may be; anything else is unfinished at best. */
const settledPayments = {
  confirmed: ['captured'],
  cancelled: ['none', 'declined', 'refunded', 'closed'],
} as const;
const settledReservations = {
  confirmed: ['committed'],
  cancelled: ['none', 'released', 'rejected', 'closed'],
} as const;

function statesOf({ payment, reservation, charges, refunds }: Case, { status, changedAt }: Order): Finding[] {
  if (status === 'pending')
    return [{ kind: 'still_pending', what: `is still pending since ${changedAt.toISOString()}` }];
  const found: Finding[] = [];
  const paid = payment?.status ?? 'none';
  // Where the money itself is wrong, moneyOf has said so.
  const moneyIsRight = charges.length - refunds.length === (status === 'confirmed' ? 1 : 0);
  if (moneyIsRight && !(settledPayments[status] as readonly string[]).includes(paid))
    found.push({ kind: 'payment_disagrees', what: `is ${status}, but its payment is ${paid}` });
  const set = reservation?.status ?? 'none';
  if (!(settledReservations[status] as readonly string[]).includes(set))
    found.push({ kind: 'reservation_disagrees', what: `is ${status}, but its reservation is ${set}` });
  return found;
}

function withoutOrder({ payment, reservation, charges, refunds }: Case): Finding[] {
  if (charges.length + refunds.length > 0)
    return [
      {
        kind: 'charged_without_order',
        what: `does not exist, but has ${listOf([...charges, ...refunds])}`,
        final: true,
      },
    ];
  const states = `payment: ${payment?.status ?? 'none'}, reservation: ${reservation?.status ?? 'none'}`;
  return [{ kind: 'without_order', what: `does not exist, but others know it (${states})`, final: true }];
}

function casesOf({ orders, payments, reservations, ledger }: Books): Case[] {
  const cases = new Map<string, Case>();
  const caseOf = (id: string) => {
    const found = cases.get(id) ?? { id, charges: [], refunds: [] };
    cases.set(id, found);
    return found;
  };
  for (const order of orders) caseOf(order.id).order = order;
  for (const payment of payments) caseOf(payment.orderId).payment = payment;
  for (const reservation of reservations) caseOf(reservation.orderId).reservation = reservation;
  for (const item of ledger)
    if (item.orderId !== null) caseOf(item.orderId)[item.kind === 'charge' ? 'charges' : 'refunds'].push(item);
  return [...cases.values()];
}

function listOf(items: readonly LedgerItem[]): string {
  return items.map(({ kind, id, amountMinor, currency }) => `${kind} ${id} (${amountMinor} ${currency})`).join(', ');
}
