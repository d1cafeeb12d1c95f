import { Column, Entity, PrimaryColumn } from 'typeorm';

const count = { transformer: { to: Number, from: Number } };

/** The level of one SKU. A SKU without a row was never received. */
@Entity('stock')
export class Stock {
  @PrimaryColumn('text')
  sku!: string;

  @Column('bigint', count)
  received!: number;

  @Column('bigint', count)
  available!: number;

  @Column('bigint', count)
  held!: number;

  @Column('bigint', count)
  committed!: number;
}
