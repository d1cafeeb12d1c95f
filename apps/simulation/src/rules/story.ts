import type { Reservation, StockLine } from '@quadrille/inventory/domain';
import type { Order, Placed } from '@quadrille/order/domain';
import type { Payment, PaymentEvent } from '@quadrille/payment/domain';

/** What the rules remember of one order, from events and from the provider's doings, never from a service's own state. */
export interface Story {
  placed: Placed | null;
  order: Order['status'];
  /** Facts in the order's timeline, and facts that others announced about it, by name without version. */
  readonly noted: Set<string>;
  readonly announced: Set<string>;
  reservation: Reservation['status'];
  reservedLines: readonly StockLine[];
  payment: Payment['status'];
  readonly paymentEvents: Set<PaymentEvent['type']>;
  readonly failedRefunds: Set<string>;
  /** At the provider. */
  charges: number;
  /** Those that have not failed. */
  refunds: number;
  readonly refundIds: Set<string>;
  chargedMinor: number;
  refundedMinor: number;
  declined: boolean;
}

export class Stories extends Map<string, Story> {
  of(orderId: string): Story {
    let story = this.get(orderId);
    if (!story) {
      story = newStory();
      this.set(orderId, story);
    }
    return story;
  }
}

/** A wire type without its version: all versions of a fact tell the same. */
export function factName(type: string): string {
  return type.replace(/\.v\d+$/, '');
}

function newStory(): Story {
  return {
    placed: null,
    order: 'none',
    noted: new Set(),
    announced: new Set(),
    reservation: 'none',
    reservedLines: [],
    payment: 'none',
    paymentEvents: new Set(),
    failedRefunds: new Set(),
    charges: 0,
    refunds: 0,
    refundIds: new Set(),
    chargedMinor: 0,
    refundedMinor: 0,
    declined: false,
  };
}
