import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { StockLine } from '../domain/index.js';

/** One order's reservation. Rows are never deleted, tombstones included: they outlive every message that could come again. */
@Entity('reservation')
export class ReservationRow {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  @Column('text')
  status!: 'held' | 'committed' | 'released' | 'rejected' | 'closed';

  /** Null where nothing was ever set aside. */
  @Column('jsonb', { nullable: true })
  lines!: StockLine[] | null;

  @Column('integer')
  version!: number;
}
