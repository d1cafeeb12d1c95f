import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Order, OrderLine } from '../domain/index.js';

/**
 * The read model: what is true of an order, written in the round that made it true.
 * It can be thrown away and folded again from the log at any time.
 */
@Entity('order_view')
export class OrderView {
  /** UUIDv7, so that ordering by it is ordering by the time of placing. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  status!: 'pending' | 'confirmed' | 'cancelled';

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('text', { name: 'decline_code', nullable: true })
  declineCode!: string | null;

  @Column('text', { name: 'customer_id' })
  customerId!: string;

  @Column('text')
  currency!: string;

  @Column('bigint', { name: 'total_minor', transformer: { to: Number, from: Number } })
  totalMinor!: number;

  @Column('jsonb')
  lines!: OrderLine[];

  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'placed_at' })
  placedAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;
}

/** The row of an order that exists; every way to look at an order begins here. */
export function viewOf(order: Exclude<Order, { status: 'none' }>, version: number): OrderView {
  const { id, status, reason, declineCode, customerId, currency, totalMinor, lines, placedAt, endedAt } = order;
  return {
    id,
    status,
    reason,
    declineCode,
    customerId,
    currency,
    totalMinor,
    lines: [...lines],
    version,
    placedAt: new Date(placedAt),
    endedAt: endedAt === null ? null : new Date(endedAt),
  };
}
