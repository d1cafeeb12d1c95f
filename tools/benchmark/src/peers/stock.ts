import type { EntityManager } from 'typeorm';
import type { OrderPlaced } from './messages.js';
import { type Line, Reservation, Stock } from './rows.js';

export async function reserveStock(manager: EntityManager, { orderId, lines }: OrderPlaced): Promise<void> {
  for (const { stock, quantity } of await lockStock(manager, lines)) {
    if (stock.available < quantity) throw new Error(`${stock.sku} is sold out`);
    stock.available -= quantity;
    stock.held += quantity;
    await manager.save(stock);
  }
  await manager.save(Reservation, { orderId, status: 'held', lines });
}

export async function commitStock(manager: EntityManager, orderId: string): Promise<void> {
  const reservation = await manager.findOneByOrFail(Reservation, { orderId });
  for (const { stock, quantity } of await lockStock(manager, reservation.lines)) {
    stock.held -= quantity;
    stock.committed += quantity;
    await manager.save(stock);
  }
  reservation.status = 'committed';
  await manager.save(reservation);
}

/** Without the lock, two orders at the same time would lose one of their updates. */
async function lockStock(manager: EntityManager, lines: readonly Line[]) {
  const locked: { stock: Stock; quantity: number }[] = [];
  for (const { sku, quantity } of lines.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))) {
    const stock = await manager.findOneOrFail(Stock, { where: { sku }, lock: { mode: 'pessimistic_write' } });
    locked.push({ stock, quantity });
  }
  return locked;
}
