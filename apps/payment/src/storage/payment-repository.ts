import type { Repository, Transaction, WorkingSet } from '@quadrille/event-log';
import type { Payment, PaymentCommand, PaymentEvent } from '../domain/index.js';
import { paymentOf, rowOf, selectPayments, type PaymentRow } from './payment-row.js';

/** The payments of one batch: one statement to load them, one to save those that changed. */
export const paymentRepository: Repository<PaymentCommand, Payment, PaymentEvent> = {
  async load(tx, commands) {
    const orderIds = [...new Set(commands.map(({ orderId }) => orderId))];
    const rows = await tx.query<PaymentRow>(loadPayments, [orderIds]);
    return new PaymentBatch(new Map(rows.map((row) => [row.orderId, paymentOf(row)])));
  },
};

class PaymentBatch implements WorkingSet<PaymentCommand, Payment, PaymentEvent> {
  private readonly changed = new Map<string, number>();

  constructor(private readonly payments: Map<string, Payment>) {}

  read({ orderId }: PaymentCommand): Payment {
    return this.payments.get(orderId) ?? { status: 'none' };
  }

  write({ orderId }: PaymentCommand, payment: Payment, events: readonly PaymentEvent[], version: number): void {
    if (events.length === 0) return;
    this.payments.set(orderId, payment);
    this.changed.set(orderId, version);
  }

  async save(tx: Transaction): Promise<void> {
    if (this.changed.size === 0) return;
    const rows = Array.from(this.changed, ([orderId, version]) =>
      rowOf(orderId, this.payments.get(orderId) ?? { status: 'none' }, version),
    );
    await tx.query(savePayments, [JSON.stringify(rows)]);
  }
}

/** No lock: a payment is written only by who holds its stream's head, and heads are locked in order. */
const loadPayments = `${selectPayments} where order_id = any($1::uuid[])`;

const savePayments = `
  insert into payment (order_id, status, payment_id, amount_minor, currency, payment_method, stock_known, intent_id,
    refund_id, failed_refunds, refunded_minor, decline_code, version)
  select "orderId", status, "paymentId", "amountMinor", currency, "paymentMethod", "stockKnown", "intentId",
    "refundId", "failedRefunds", "refundedMinor", "declineCode", version
  from json_to_recordset($1::json) as changed ("orderId" uuid, status text, "paymentId" uuid, "amountMinor" bigint,
    currency text, "paymentMethod" text, "stockKnown" boolean, "intentId" text, "refundId" text,
    "failedRefunds" text[], "refundedMinor" bigint, "declineCode" text, version integer)
  on conflict (order_id) do update
    set status = excluded.status, payment_id = excluded.payment_id, amount_minor = excluded.amount_minor,
      currency = excluded.currency, payment_method = excluded.payment_method, stock_known = excluded.stock_known,
      intent_id = excluded.intent_id, refund_id = excluded.refund_id, failed_refunds = excluded.failed_refunds,
      refunded_minor = excluded.refunded_minor, decline_code = excluded.decline_code, version = excluded.version`;
