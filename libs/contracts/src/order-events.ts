import { z } from 'zod';
import { defineEvent } from './event-definition.js';
import { amountMinor, currency, customerId, encrypted, quantity, sku, uuid } from './values.js';

export const orderLine = z.object({ sku, quantity, unitMinor: amountMinor });
export const cancelReason = z.enum(['out_of_stock', 'payment_declined', 'timed_out', 'customer_request']);
export type CancelReason = z.infer<typeof cancelReason>;

export const orderPlaced = defineEvent({
  type: 'order.placed.v1',
  name: 'OrderPlaced',
  version: 1,
  owner: 'order',
  summary: 'A customer placed an order; it waits for stock and money.',
  data: z.object({
    orderId: uuid,
    customerId,
    currency,
    totalMinor: amountMinor,
    lines: z.array(orderLine).min(1).max(100),
    paymentMethod: z.string().min(1).max(255),
    contact: z.object({ email: encrypted }).optional(),
  }),
});

export const orderConfirmed = defineEvent({
  type: 'order.confirmed.v1',
  name: 'OrderConfirmed',
  version: 1,
  owner: 'order',
  summary: 'The order is paid and its stock is reserved: it will be fulfilled.',
  data: z.object({ orderId: uuid }),
});

export const orderCancelled = defineEvent({
  type: 'order.cancelled.v1',
  name: 'OrderCancelled',
  version: 1,
  owner: 'order',
  summary: 'The order ended without fulfilment. The only signal that undoes anything.',
  data: z.object({ orderId: uuid, reason: cancelReason, declineCode: z.string().nullable() }),
});

export const orderEvents = [orderPlaced, orderConfirmed, orderCancelled] as const;
