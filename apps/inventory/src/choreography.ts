import { fact, type Choreography } from '@quadrille/contracts';
import type { InventoryCommand, InventoryEvent } from './domain/index.js';

export const choreography: Choreography<InventoryCommand, InventoryEvent> = {
  service: 'inventory',
  reactsTo: {
    'order.placed.v1': ({ data }) => ({
      type: 'Reserve',
      orderId: data.orderId,
      lines: data.lines.map(({ sku, quantity }) => ({ sku, quantity })),
    }),
    'order.confirmed.v1': ({ data }) => ({ type: 'Commit', orderId: data.orderId }),
    'order.cancelled.v1': ({ data }) => ({ type: 'Release', orderId: data.orderId }),
  },
  publishes: {
    Reserved: ({ orderId, lines }) => fact('inventory.stock-reserved.v1', { orderId, lines: [...lines] }),
    Rejected: ({ orderId, missing }) => fact('inventory.stock-rejected.v1', { orderId, missing: [...missing] }),
    Committed: ({ orderId, lines }) => fact('inventory.stock-committed.v1', { orderId, lines: [...lines] }),
    Released: ({ orderId, lines }) => fact('inventory.stock-released.v1', { orderId, lines: [...lines] }),
    Closed: null,
    Received: null,
  },
  announces: [
    'inventory.stock-reserved.v1',
    'inventory.stock-rejected.v1',
    'inventory.stock-committed.v1',
    'inventory.stock-released.v1',
  ],
};
