import { z } from 'zod';
import { defineEvent } from './event-definition.js';
import { quantity, sku, uuid } from './values.js';

const lines = z.array(z.object({ sku, quantity })).min(1).max(100);

export const stockReserved = defineEvent({
  type: 'inventory.stock-reserved.v1',
  name: 'StockReserved',
  version: 1,
  owner: 'inventory',
  summary: 'Every line of the order is set aside.',
  data: z.object({ orderId: uuid, lines }),
});

export const stockRejected = defineEvent({
  type: 'inventory.stock-rejected.v1',
  name: 'StockRejected',
  version: 1,
  owner: 'inventory',
  summary: 'At least one line cannot be had, so nothing was set aside.',
  data: z.object({
    orderId: uuid,
    missing: z.array(z.object({ sku, requested: quantity, available: z.int().nonnegative() })).min(1),
  }),
});

export const stockCommitted = defineEvent({
  type: 'inventory.stock-committed.v1',
  name: 'StockCommitted',
  version: 1,
  owner: 'inventory',
  summary: 'The reserved stock is gone for good: the order was confirmed.',
  data: z.object({ orderId: uuid, lines }),
});

export const stockReleased = defineEvent({
  type: 'inventory.stock-released.v1',
  name: 'StockReleased',
  version: 1,
  owner: 'inventory',
  summary: 'The stock of a cancelled order is available again.',
  data: z.object({ orderId: uuid, lines }),
});

export const inventoryEvents = [stockReserved, stockRejected, stockCommitted, stockReleased] as const;
