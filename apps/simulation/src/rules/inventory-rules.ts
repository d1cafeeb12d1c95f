import { emptyLevel, type InventoryEvent, type StockLevel, type StockLine } from '@quadrille/inventory/domain';
import type { Story } from './story.js';
import { mustOf } from './violation.js';

type Place = 'available' | 'held' | 'committed';

/** Rule 3, by the events: nothing leaves a place where it is not. */
export class StockBook {
  private readonly levels = new Map<string, StockLevel>();

  levelOf(sku: string): StockLevel {
    return this.levels.get(sku) ?? emptyLevel;
  }

  receive(sku: string, quantity: number): void {
    const level = this.levelOf(sku);
    this.levels.set(sku, { ...level, received: level.received + quantity, available: level.available + quantity });
  }

  move(lines: readonly StockLine[], from: Place, to: Place, orderId: string): void {
    for (const { sku, quantity } of lines) {
      const level = this.levelOf(sku);
      mustOf(
        'rule 3',
        orderId,
        sku,
      )(level[from] >= quantity, `${quantity} of ${sku} leave ${from}, where ${level[from]} are`);
      this.levels.set(sku, { ...level, [from]: level[from] - quantity, [to]: level[to] + quantity });
    }
  }

  isThere(lines: readonly StockLine[]): boolean {
    const wanted = new Map<string, number>();
    for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
    return [...wanted].every(([sku, quantity]) => quantity <= this.levelOf(sku).available);
  }

  /** The level that a service keeps adds up, is never negative, and is what the events say. */
  check(sku: string, level: StockLevel): void {
    const must = mustOf('rule 3', sku);
    const { received, available, held, committed } = level;
    const told = this.levelOf(sku);
    must(Math.min(available, held, committed) >= 0, `${sku} is negative: ${JSON.stringify(level)}`);
    must(available + held + committed === received, `${sku} does not add up: ${JSON.stringify(level)}`);
    must(
      received === told.received && available === told.available && held === told.held,
      `${sku} is ${JSON.stringify(level)}, but its events say ${JSON.stringify(told)}`,
    );
  }
}

/** An order reserves once, all lines or none; what it reserved is committed or released as a whole, once. */
export function checkInventoryEvent(
  event: InventoryEvent,
  storyOf: (orderId: string) => Story,
  stock: StockBook,
): void {
  if (event.type === 'Received') return stock.receive(event.sku, event.quantity);
  const story = storyOf(event.orderId);
  const { placed, reservation, reservedLines } = story;
  const must = mustOf('inventory', event.orderId);
  switch (event.type) {
    case 'Reserved':
      must(reservation === 'none', `a reservation that is ${reservation} is made again`);
      must(sameLines(event.lines, placed?.lines ?? []), 'not all lines of the order are reserved');
      stock.move(event.lines, 'available', 'held', event.orderId);
      story.reservation = 'held';
      story.reservedLines = event.lines;
      return;
    case 'Rejected':
      must(reservation === 'none', `a reservation that is ${reservation} is rejected`);
      must(!stock.isThere(placed?.lines ?? []), 'an order is rejected whose stock is there');
      story.reservation = 'rejected';
      return;
    case 'Committed':
      must(reservation === 'held', `a reservation that is ${reservation} is committed`);
      must(sameLines(event.lines, reservedLines), 'other lines are committed than were reserved');
      stock.move(event.lines, 'held', 'committed', event.orderId);
      story.reservation = 'committed';
      return;
    case 'Released':
      must(reservation === event.from, `a reservation that is ${reservation} is released from ${event.from}`);
      must(sameLines(event.lines, reservedLines), 'other lines are released than were reserved');
      stock.move(event.lines, event.from, 'available', event.orderId);
      story.reservation = 'released';
      return;
    case 'Closed':
      must(reservation === 'none', `a reservation that is ${reservation} is closed`);
      story.reservation = 'closed';
      return;
  }
}

function sameLines(some: readonly StockLine[], others: readonly StockLine[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ sku, quantity }, index) => others[index]?.sku === sku && others[index].quantity === quantity)
  );
}
