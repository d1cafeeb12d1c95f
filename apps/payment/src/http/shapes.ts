import { amountMinor, currency, uuid } from '@quadrille/contracts';
import { pageQuery } from '@quadrille/service-host';
import { z } from 'zod';
import type { PaymentRow } from '../storage/payment-row.js';

export const paymentsQuery = z.strictObject({ orderId: uuid.optional(), ...pageQuery });
export type PaymentsQuery = z.infer<typeof paymentsQuery>;

export const paymentShape = z.object({
  /** Null until a charge is asked for. */
  id: uuid.nullable(),
  orderId: uuid,
  status: z.enum(['awaiting', 'charging', 'captured', 'declined', 'cancelling', 'refunding', 'refunded', 'closed']),
  amountMinor: amountMinor.nullable(),
  currency: currency.nullable(),
  refundedMinor: amountMinor,
  declineCode: z.string().nullable(),
});
export type PaymentShape = z.infer<typeof paymentShape>;
export const paymentListShape = z.object({ items: z.array(paymentShape), nextCursor: z.string().nullable() });

export function shapeOf(row: PaymentRow): PaymentShape {
  const { paymentId, orderId, status, amountMinor, currency, refundedMinor, declineCode } = row;
  return { id: paymentId, orderId, status, amountMinor, currency, refundedMinor, declineCode };
}
