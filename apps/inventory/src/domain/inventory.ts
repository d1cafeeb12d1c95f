import { unreachable, type Decider } from '@quadrille/contracts';
import { emptyLevel, move, receive, type MissingStock, type StockLevels, type StockLine } from './stock.js';

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

export const inventoryDecider: Decider<InventoryCommand, Inventory, InventoryEvent> = {
  initial: { reservation: { status: 'none' }, levels: {} },
  streamOf: (command) => (command.type === 'Receive' ? `stock-${command.sku}` : `reservation-${command.orderId}`),
  decide,
  evolve,
};

function decide(command: InventoryCommand, { reservation, levels }: Inventory): readonly InventoryEvent[] {
  switch (command.type) {
    case 'Reserve':
      return reservation.status === 'none' ? [reserve(command.orderId, command.lines, levels)] : [];
    case 'Commit':
      return reservation.status === 'held'
        ? [{ type: 'Committed', orderId: command.orderId, lines: reservation.lines }]
        : [];
    case 'Release':
      return release(command.orderId, reservation);
    case 'Receive':
      return [{ type: 'Received', sku: command.sku, quantity: command.quantity }];
    default:
      return unreachable(command);
  }
}

/** All lines or none. Lines of the same SKU share what is there. */
function reserve(orderId: string, lines: readonly StockLine[], levels: StockLevels): InventoryEvent {
  const missing: MissingStock[] = [];
  const taken = new Map<string, number>();
  for (const { sku, quantity } of lines) {
    const already = taken.get(sku) ?? 0;
    const available = (levels[sku] ?? emptyLevel).available - already;
    if (quantity > available) missing.push({ sku, requested: quantity, available });
    else taken.set(sku, already + quantity);
  }
  return missing.length > 0 ? { type: 'Rejected', orderId, missing } : { type: 'Reserved', orderId, lines };
}

function release(orderId: string, reservation: Reservation): readonly InventoryEvent[] {
  switch (reservation.status) {
    case 'none':
      return [{ type: 'Closed', orderId }];
    case 'held':
    case 'committed':
      return [{ type: 'Released', orderId, lines: reservation.lines, from: reservation.status }];
    case 'released':
    case 'rejected':
    case 'closed':
      return [];
    default:
      return unreachable(reservation);
  }
}

function evolve({ reservation, levels }: Inventory, event: InventoryEvent): Inventory {
  switch (event.type) {
    case 'Reserved':
      return {
        reservation: { status: 'held', lines: event.lines },
        levels: move(levels, event.lines, 'available', 'held'),
      };
    case 'Rejected':
      return { reservation: { status: 'rejected' }, levels };
    case 'Committed':
      return {
        reservation: { status: 'committed', lines: event.lines },
        levels: move(levels, event.lines, 'held', 'committed'),
      };
    case 'Released':
      return {
        reservation: { status: 'released', lines: event.lines },
        levels: move(levels, event.lines, event.from, 'available'),
      };
    case 'Closed':
      return { reservation: { status: 'closed' }, levels };
    case 'Received':
      return { reservation, levels: receive(levels, event) };
    default:
      return unreachable(event);
  }
}
