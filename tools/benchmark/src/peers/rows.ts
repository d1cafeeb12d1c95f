import { Column, Entity, PrimaryColumn } from 'typeorm';

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

@Entity('orders')
export class Order {
  @PrimaryColumn('uuid') id!: string;
  @Column() customerId!: string;
  @Column() status!: 'pending' | 'confirmed';
  @Column() currency!: string;
  @Column('int') totalMinor!: number;
  @Column('jsonb') lines!: readonly Line[];
  @Column() paymentMethod!: string;
}

@Entity('price')
export class Price {
  @PrimaryColumn() sku!: string;
  @Column('int') amountMinor!: number;
}

@Entity('stock')
export class Stock {
  @PrimaryColumn() sku!: string;
  @Column('int') received!: number;
  @Column('int') available!: number;
  @Column('int') held!: number;
  @Column('int') committed!: number;
}

@Entity('reservation')
export class Reservation {
  @PrimaryColumn('uuid', { name: 'order_id' }) orderId!: string;
  @Column() status!: 'held' | 'committed';
  @Column('jsonb') lines!: readonly Line[];
}

@Entity('payment')
export class Payment {
  @PrimaryColumn('uuid', { name: 'order_id' }) orderId!: string;
  @Column() status!: 'charging' | 'captured';
  @Column('int') amountMinor!: number;
  @Column({ type: 'varchar', nullable: true }) intentId!: string | null;
}
