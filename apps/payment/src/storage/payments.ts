import { Injectable } from '@nestjs/common';
import { And, DataSource, Equal, LessThan, type Repository } from 'typeorm';
import { Gathered, rows } from '@quadrille/event-log';
import type { Payment } from '../domain/index.js';
import { paymentOf, PaymentRow, selectPayments } from './payment-row.js';

/** Reads outside the round. */
@Injectable()
export class Payments {
  private readonly rows: Repository<PaymentRow>;

  /** Tasks that begin together, and webhooks that come together, read with one statement. */
  private readonly byOrder = new Gathered<string, PaymentRow | undefined>((ids) =>
    this.all('orderId', `${selectPayments} where order_id = any($1::uuid[])`, ids),
  );
  private readonly byIntent = new Gathered<string, PaymentRow | undefined>((ids) =>
    this.all('intentId', `${selectPayments} where intent_id = any($1)`, ids),
  );

  constructor(private readonly dataSource: DataSource) {
    this.rows = dataSource.getRepository(PaymentRow);
  }

  async ofOrder(orderId: string): Promise<Payment> {
    const row = await this.byOrder.run(orderId);
    return row ? paymentOf(row) : { status: 'none' };
  }

  async ofIntent(intentId: string): Promise<{ orderId: string; payment: Payment } | undefined> {
    const row = await this.byIntent.run(intentId);
    return row ? { orderId: row.orderId, payment: paymentOf(row) } : undefined;
  }

  /** The newest orders first, up to `take` that are older than the order `before`. */
  page({ orderId }: { orderId?: string | undefined }, before: string | undefined, take: number): Promise<PaymentRow[]> {
    const conditions = [
      ...(orderId === undefined ? [] : [Equal(orderId)]),
      ...(before === undefined ? [] : [LessThan(before)]),
    ];
    return this.rows.find({
      where: conditions.length === 0 ? {} : { orderId: And(...conditions) },
      order: { orderId: 'DESC' },
      take,
    });
  }

  private async all(
    key: 'orderId' | 'intentId',
    sql: string,
    ids: readonly string[],
  ): Promise<(PaymentRow | undefined)[]> {
    const found = await rows<PaymentRow>(this.dataSource, sql, [ids]);
    const byKey = new Map(found.map((row) => [row[key], row]));
    return ids.map((id) => byKey.get(id));
  }
}
