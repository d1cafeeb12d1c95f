import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row of the price list. What an order was priced at stays with the order; this is what the next one will cost. */
@Entity('price')
export class Price {
  @PrimaryColumn('text')
  sku!: string;

  @Column('bigint', { name: 'amount_minor', transformer: { to: Number, from: Number } })
  amountMinor!: number;

  @Column('text')
  currency!: string;
}
