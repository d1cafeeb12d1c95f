import { Controller, Inject, Module } from '@nestjs/common';
import { ClientProxy, Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { DataSource } from 'typeorm';
import type { OrderPlaced, OrderRef, StockReserved } from '../messages.js';
import { acknowledge, database, emitsTo, run } from '../nest.js';
import { Reservation, Stock } from '../rows.js';
import { commitStock, reserveStock } from '../stock.js';

@Controller()
class Inventory {
  constructor(
    private readonly dataSource: DataSource,
    @Inject('payment') private readonly payment: ClientProxy,
  ) {}

  @EventPattern<string>('order_placed')
  async reserve(@Payload() placed: OrderPlaced, @Ctx() context: RmqContext): Promise<void> {
    await this.dataSource.transaction((manager) => reserveStock(manager, placed));
    const { orderId, totalMinor, currency, paymentMethod } = placed;
    const reserved: StockReserved = { orderId, totalMinor, currency, paymentMethod };
    await lastValueFrom(this.payment.emit('stock_reserved', reserved), { defaultValue: undefined });
    acknowledge(context);
  }

  @EventPattern<string>('order_confirmed')
  async commit(@Payload() { orderId }: OrderRef, @Ctx() context: RmqContext): Promise<void> {
    await this.dataSource.transaction((manager) => commitStock(manager, orderId));
    acknowledge(context);
  }
}

@Module({ imports: [...database([Stock, Reservation]), emitsTo('payment')], controllers: [Inventory] })
class InventoryModule {}

await run(InventoryModule, 'inventory');
