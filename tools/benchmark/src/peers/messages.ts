import type { Line } from './rows.js';

/** What a client asks for; the peers take it as it comes. */
export interface OrderBody {
  readonly customerId: string;
  readonly currency: string;
  readonly lines: readonly Line[];
  readonly paymentMethod: string;
}

export interface OrderPlaced extends OrderBody {
  readonly orderId: string;
  readonly totalMinor: number;
}

export interface StockReserved {
  readonly orderId: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly paymentMethod: string;
}

export interface OrderRef {
  readonly orderId: string;
}
