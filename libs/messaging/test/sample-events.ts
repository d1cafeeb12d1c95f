import { randomUUID } from 'node:crypto';
import { buildEvent, fact, slotOf, type PublicEvent } from '@quadrille/contracts';
import type { ServiceTable } from '../src/index.js';

/** A little world: shop announces what stock hears. */
export const orderTable: ServiceTable = {
  service: 'order',
  hears: ['inventory.stock-reserved.v1'],
  announces: ['order.placed.v1', 'order.confirmed.v1'],
};
export const inventoryTable: ServiceTable = {
  service: 'inventory',
  hears: ['order.placed.v1', 'order.confirmed.v1'],
  announces: ['inventory.stock-reserved.v1'],
};
export const tables = [orderTable, inventoryTable];

export const traceId = '0af7651916cd43dd8448eb211c80319c';

export function orderConfirmed(orderId: string = randomUUID(), sequence = 1): PublicEvent {
  return buildEvent('order', fact('order.confirmed.v1', { orderId }), {
    id: randomUUID(),
    time: '2026-01-01T00:00:00.000Z',
    correlationId: 'correlation-1',
    causationId: 'causation-1',
    traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    sequence,
  });
}

/** An event that nobody of the little world hears. */
export function orderCancelled(orderId: string = randomUUID()): PublicEvent {
  return buildEvent('order', fact('order.cancelled.v1', { orderId, reason: 'timed_out', declineCode: null }), {
    id: randomUUID(),
    time: '2026-01-01T00:00:00.000Z',
    correlationId: 'correlation-1',
    causationId: 'causation-1',
    sequence: 1,
  });
}

/** An order id whose slot lies in the given one of `partitions`. */
export function orderIdIn(partition: number, partitions: number): string {
  for (;;) {
    const id = randomUUID();
    if (slotOf(id) % partitions === partition) return id;
  }
}
