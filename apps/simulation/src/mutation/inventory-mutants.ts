import type {
  Inventory,
  InventoryCommand,
  InventoryEvent,
  Reservation,
  StockLevels,
} from '@quadrille/inventory/domain';
import { bending, type Mutant } from './mutant.js';

const { bent, ignoring, mistaking } = bending<InventoryCommand, Inventory, InventoryEvent>('inventory');

export const inventoryMutants: readonly Mutant[] = [
  ignoring('the tombstone is forgotten', reservationIs('none'), 'Release'),
  ignoring('held stock is not put back', reservationIs('held'), 'Release'),
  ignoring('committed stock is not put back', reservationIs('committed'), 'Release'),
  ignoring('a confirmed order is not committed', reservationIs('held'), 'Commit'),
  mistaking('the tombstone is ignored', 'Reserve', seenAs('none', 'closed')),
  mistaking('an order reserves twice', 'Reserve', seenAs('none', 'held')),
  mistaking('an order reserves again after it was released', 'Reserve', seenAs('none', 'released')),
  mistaking('an order reserves again after it was rejected', 'Reserve', seenAs('none', 'rejected')),
  mistaking('a reservation is released twice', 'Release', seenAs('held', 'released')),
  mistaking('a rejected reservation is closed', 'Release', seenAs('none', 'rejected')),
  mistaking('a released reservation is committed', 'Commit', seenAs('held', 'released')),
  mistaking('a reservation is committed twice', 'Commit', seenAs('held', 'committed')),
  mistaking('the last piece is not sold', 'Reserve', (state) => ({ ...state, levels: shifted(state.levels, -1) })),
  bent('more is sold than there is', ({ decide, evolve }) => ({
    decide: (command, state, given) => decide(command, { ...state, levels: shifted(state.levels, 1000) }, given),
    evolve: (state, event) =>
      event.type === 'Reserved'
        ? { ...evolve({ ...state, levels: shifted(state.levels, 1000) }, event), levels: state.levels }
        : evolve(state, event),
  })),
  bent('the lines that are there are reserved, the others are not', ({ decide }) => ({
    decide: (command, state, given) => {
      if (command.type !== 'Reserve') return decide(command, state, given);
      const there = command.lines.filter(({ sku, quantity }) => quantity <= (state.levels[sku]?.available ?? 0));
      return decide(there.length > 0 ? { ...command, lines: there } : command, state, given);
    },
  })),
  bent('released stock does not come back to its level', keepingLevelsAt('Released')),
  bent('committed stock stays held', keepingLevelsAt('Committed')),
  bent('received stock is not counted', keepingLevelsAt('Received')),
];

function reservationIs(status: Reservation['status']) {
  return ({ reservation }: Inventory) => reservation.status === status;
}

function seenAs(seen: 'none' | 'held', status: Reservation['status']) {
  return (state: Inventory): Inventory | null => {
    const { reservation } = state;
    if (reservation.status !== status) return null;
    const lines = 'lines' in reservation ? reservation.lines : [];
    return { ...state, reservation: seen === 'none' ? { status: seen } : { status: seen, lines } };
  };
}

function keepingLevelsAt(type: InventoryEvent['type']) {
  return ({ evolve }: { evolve: (state: Inventory, event: InventoryEvent) => Inventory }) => ({
    evolve: (state: Inventory, event: InventoryEvent) =>
      event.type === type ? { ...evolve(state, event), levels: state.levels } : evolve(state, event),
  });
}

function shifted(levels: StockLevels, by: number): StockLevels {
  return Object.fromEntries(
    Object.entries(levels).map(([sku, level]) => [sku, { ...level, available: Math.max(0, level.available + by) }]),
  );
}
