import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Amount, Charged, Payment } from '../domain/index.js';

const minor = { nullable: true, transformer: { to: (value: unknown) => value, from: numberOrNull } } as const;

/** One order's payment. Rows are never deleted, tombstones included: they outlive every message that could come again. */
@Entity('payment')
export class PaymentRow {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  @Column('text')
  status!: Exclude<Payment['status'], 'none'>;

  /** Null until a charge is asked for. */
  @Column('uuid', { name: 'payment_id', nullable: true })
  paymentId!: string | null;

  @Column('bigint', { name: 'amount_minor', ...minor })
  amountMinor!: number | null;

  @Column('text', { nullable: true })
  currency!: string | null;

  @Column('text', { name: 'payment_method', nullable: true })
  paymentMethod!: string | null;

  @Column('boolean', { name: 'stock_known' })
  stockKnown!: boolean;

  @Column('text', { name: 'intent_id', nullable: true })
  intentId!: string | null;

  @Column('text', { name: 'refund_id', nullable: true })
  refundId!: string | null;

  @Column('text', { name: 'failed_refunds', array: true })
  failedRefunds!: readonly string[];

  @Column('bigint', { name: 'refunded_minor', ...minor })
  refundedMinor!: number;

  @Column('text', { name: 'decline_code', nullable: true })
  declineCode!: string | null;

  @Column('integer')
  version!: number;
}

/** Rows as the entity has them, for statements that are too often run to go through a query builder. */
export const selectPayments = `
  select order_id as "orderId", status, payment_id as "paymentId", amount_minor::float8 as "amountMinor", currency,
    payment_method as "paymentMethod", stock_known as "stockKnown", intent_id as "intentId", refund_id as "refundId",
    failed_refunds as "failedRefunds", refunded_minor::float8 as "refundedMinor", decline_code as "declineCode", version
  from payment`;

export function rowOf(orderId: string, payment: Payment, version: number): PaymentRow {
  if (payment.status === 'none') throw new Error(`the payment of order ${orderId} has events but no status`);
  const amount = payment.status === 'awaiting' ? payment.amount : payment.charge;
  return {
    orderId,
    status: payment.status,
    paymentId: 'charge' in payment ? (payment.charge?.paymentId ?? null) : null,
    amountMinor: amount?.amountMinor ?? null,
    currency: amount?.currency ?? null,
    paymentMethod: amount?.paymentMethod ?? null,
    stockKnown: payment.status === 'awaiting' ? payment.stocked : payment.charge !== null,
    intentId: payment.status === 'awaiting' ? null : payment.intentId,
    refundId: 'refundId' in payment ? payment.refundId : null,
    failedRefunds: 'failedRefunds' in payment ? payment.failedRefunds : [],
    refundedMinor: payment.status === 'refunded' ? payment.charge.amountMinor : 0,
    declineCode: payment.status === 'declined' ? payment.declineCode : null,
    version,
  };
}

export function paymentOf(row: PaymentRow): Payment {
  const { status } = row;
  if (status === 'awaiting') return { status, amount: amountOf(row), stocked: row.stockKnown };
  const charged = chargedOf(row);
  if (status === 'closed') return charged ? { status, ...charged } : { status, charge: null, intentId: null };
  if (!charged) throw damaged(row, 'has no charge');
  switch (status) {
    case 'declined':
      if (row.declineCode === null) throw damaged(row, 'has no decline code');
      return { status, ...charged, declineCode: row.declineCode };
    case 'refunding':
    case 'refunded':
      return { status, ...charged, refundId: row.refundId, failedRefunds: row.failedRefunds };
    case 'charging':
    case 'captured':
    case 'cancelling':
      return { status, ...charged };
  }
}

function amountOf({ amountMinor, currency, paymentMethod }: PaymentRow): Amount | null {
  if (amountMinor === null || currency === null || paymentMethod === null) return null;
  return { amountMinor, currency, paymentMethod };
}

function chargedOf(row: PaymentRow): Charged | null {
  const amount = amountOf(row);
  if (row.paymentId === null || amount === null) return null;
  return { charge: { paymentId: row.paymentId, ...amount }, intentId: row.intentId };
}

function damaged({ orderId, status }: PaymentRow, fault: string): Error {
  return new Error(`the row of order ${orderId} is ${status} but ${fault}`);
}

function numberOrNull(value: string | number | null): number | null {
  return value === null ? null : Number(value);
}
