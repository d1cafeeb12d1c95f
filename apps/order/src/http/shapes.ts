import { amountMinor, cancelReason, currency, customerId, quantity, sku, uuid } from '@quadrille/contracts';
import { pageQuery } from '@quadrille/service-host';
import { z } from 'zod';
import type { OrderView } from '../storage/order-view.js';

/** What clients may send. Strict: a field nobody reads is refused, so that a typing error is not a silent default. */

const lineBody = z.strictObject({ sku, quantity });

export const placeOrderBody = z.strictObject({
  customerId,
  currency,
  lines: z.array(lineBody).min(1).max(100).superRefine(eachSkuOnce),
  /** The provider's token for a card or account, never its number. */
  paymentMethod: z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters'),
  contact: z.strictObject({ email: z.email().max(254) }).optional(),
});
export type PlaceOrderBody = z.infer<typeof placeOrderBody>;

export const priceBody = z.strictObject({ amountMinor: z.int().min(1).max(100_000_000), currency });
export type PriceBody = z.infer<typeof priceBody>;

export const waitQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^(30|[12]?[0-9])$/, 'must be whole seconds from 0 to 30')
    .transform(Number)
    .default(0),
});
export type WaitQuery = z.infer<typeof waitQuery>;

export const orderStatus = z.enum(['pending', 'confirmed', 'cancelled']);

export const ordersQuery = z.strictObject({
  customerId: customerId.optional(),
  status: orderStatus.optional(),
  ...pageQuery,
});
export type OrdersQuery = z.infer<typeof ordersQuery>;

export const pricesQuery = z.strictObject(pageQuery);
export type PricesQuery = z.infer<typeof pricesQuery>;

function eachSkuOnce(lines: readonly z.infer<typeof lineBody>[], context: z.RefinementCtx<unknown>): void {
  const seen = new Set<string>();
  for (const [index, line] of lines.entries()) {
    if (seen.has(line.sku))
      context.addIssue({
        code: 'custom',
        path: [index, 'sku'],
        message: `${line.sku} has a line already: each SKU once, with its whole quantity`,
        params: { code: 'duplicate_sku' },
      });
    seen.add(line.sku);
  }
}

/** What clients get. */

export const orderShape = z.object({
  id: uuid,
  status: orderStatus,
  reason: cancelReason.nullable(),
  declineCode: z.string().nullable(),
  customerId,
  currency,
  totalMinor: amountMinor,
  lines: z.array(z.object({ sku, quantity, unitMinor: amountMinor })),
  version: z.int().positive(),
  placedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
});
export type OrderShape = z.infer<typeof orderShape>;

export function shapeOf({ placedAt, endedAt, ...rest }: OrderView): OrderShape {
  return { ...rest, placedAt: placedAt.toISOString(), endedAt: endedAt?.toISOString() ?? null } as OrderShape;
}

export const orderListShape = z.object({ items: z.array(orderShape), nextCursor: z.string().nullable() });

export const timelineShape = z.object({
  items: z.array(
    z.object({
      at: z.iso.datetime(),
      service: z.string(),
      type: z.string(),
      id: uuid,
      data: z.record(z.string(), z.unknown()),
    }),
  ),
});

export const priceShape = z.object({ sku, amountMinor, currency });
export type PriceShape = z.infer<typeof priceShape>;
export const priceListShape = z.object({ items: z.array(priceShape), nextCursor: z.string().nullable() });
