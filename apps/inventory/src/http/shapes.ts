import { sku } from '@quadrille/contracts';
import { pageQuery } from '@quadrille/service-host';
import { z } from 'zod';

export const receiptBody = z.strictObject({ quantity: z.int().min(1).max(1_000_000) });
export type ReceiptBody = z.infer<typeof receiptBody>;

export const stockQuery = z.strictObject(pageQuery);
export type StockQuery = z.infer<typeof stockQuery>;

const count = z.int().nonnegative();

export const stockShape = z.object({ sku, received: count, available: count, held: count, committed: count });
export type StockShape = z.infer<typeof stockShape>;
export const stockListShape = z.object({ items: z.array(stockShape), nextCursor: z.string().nullable() });
