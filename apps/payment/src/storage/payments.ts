import { Injectable } from '@nestjs/common';
import { And, DataSource, Equal, LessThan, type Repository } from 'typeorm';
import type { Payment } from '../domain/index.js';
import { paymentOf, PaymentRow } from './payment-row.js';

/** Reads outside the round. */
@Injectable()
export class Payments {
  private readonly rows: Repository<PaymentRow>;

  constructor(dataSource: DataSource) {
    this.rows = dataSource.getRepository(PaymentRow);
  }

  async ofOrder(orderId: string): Promise<Payment> {
    const row = await this.rows.findOneBy({ orderId });
    return row ? paymentOf(row) : { status: 'none' };
  }

  async ofIntent(intentId: string): Promise<{ orderId: string; amountMinor: number } | undefined> {
    const row = await this.rows.findOneBy({ intentId });
    return row ? { orderId: row.orderId, amountMinor: row.amountMinor ?? 0 } : undefined;
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
}
