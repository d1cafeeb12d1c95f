import { Controller, Module } from '@nestjs/common';
import { Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import type { OrderPlaced, OrderRef, StockReserved } from '../messages.js';
import { acknowledge, database, emitsTo, run } from '../nest.js';
import { Reservation, Stock } from '../rows.js';
import { commitStock, reserveStock } from '../stock.js';
import { type Identified, InboxMessage, once } from './inbox.js';
import { emitLater, OutboxMessage, OutboxPoller } from './outbox.js';

@Controller()
class Inventory {
  constructor(private readonly dataSource: DataSource) {}

  @EventPattern<string>('order_placed')
  async reserve(@Payload() placed: OrderPlaced & Identified, @Ctx() context: RmqContext): Promise<void> {
    const { orderId, totalMinor, currency, paymentMethod } = placed;
    const reserved: StockReserved = { orderId, totalMinor, currency, paymentMethod };
    await once(this.dataSource, placed, async (manager) => {
      await reserveStock(manager, placed);
      await emitLater(manager, 'payment', 'stock_reserved', reserved);
    });
    acknowledge(context);
  }

  @EventPattern<string>('order_confirmed')
  async commit(@Payload() confirmed: OrderRef & Identified, @Ctx() context: RmqContext): Promise<void> {
    await once(this.dataSource, confirmed, (manager) => commitStock(manager, confirmed.orderId));
    acknowledge(context);
  }
}

@Module({
  imports: [...database([Stock, Reservation, OutboxMessage, InboxMessage]), emitsTo('payment')],
  controllers: [Inventory],
  providers: [OutboxPoller],
})
class InventoryModule {}

await run(InventoryModule, 'inventory');
