import type { MissingStock, StockLevels, StockLine } from './stock.js';

/**
 * What one decision sees: the order's reservation and the levels of its SKUs, so that nothing is sold that is not there.
 * A receipt sees no reservation (`none`) and the level of its SKU.
 */
export interface Inventory {
  readonly reservation: Reservation;
  readonly levels: StockLevels;
}

/**
 * A reservation is `held` for all lines of its order or `rejected` for all. `held` becomes `committed` when the order is
 * confirmed; `held` and `committed` become `released` when it is cancelled. A cancellation that overtakes its order leaves
 * `closed`, a tombstone at which the late order finds the door shut.
 */
export type Reservation =
  | { readonly status: 'none' }
  | { readonly status: 'held'; readonly lines: readonly StockLine[] }
  | { readonly status: 'committed'; readonly lines: readonly StockLine[] }
  | { readonly status: 'released'; readonly lines: readonly StockLine[] }
  | { readonly status: 'rejected' }
  | { readonly status: 'closed' };

export type InventoryCommand =
  | { readonly type: 'Reserve'; readonly orderId: string; readonly lines: readonly StockLine[] }
  | { readonly type: 'Commit'; readonly orderId: string }
  | { readonly type: 'Release'; readonly orderId: string }
  | { readonly type: 'Receive'; readonly sku: string; readonly quantity: number };

export type InventoryEvent =
  | { readonly type: 'Reserved'; readonly orderId: string; readonly lines: readonly StockLine[] }
  | { readonly type: 'Rejected'; readonly orderId: string; readonly missing: readonly MissingStock[] }
  | { readonly type: 'Committed'; readonly orderId: string; readonly lines: readonly StockLine[] }
  | {
      readonly type: 'Released';
      readonly orderId: string;
      readonly lines: readonly StockLine[];
      readonly from: 'held' | 'committed';
    }
  | { readonly type: 'Closed'; readonly orderId: string }
  | { readonly type: 'Received'; readonly sku: string; readonly quantity: number };
