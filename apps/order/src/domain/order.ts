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
