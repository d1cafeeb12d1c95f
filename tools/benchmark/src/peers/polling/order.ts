import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { OrderBody, OrderPlaced, OrderRef } from '../messages.js';
import { acknowledge, database, emitsTo, run } from '../nest.js';
import { Order, Price } from '../rows.js';
import { type Identified, InboxMessage, once } from './inbox.js';
import { emitLater, OutboxMessage, OutboxPoller } from './outbox.js';

@Controller()
class Orders {
  constructor(private readonly dataSource: DataSource) {}

  @Post('v1/orders')
  @HttpCode(202)
  place(@Body() body: OrderBody): Promise<Order> {
    return this.dataSource.transaction(async (manager) => {
      let totalMinor = 0;
      for (const { sku, quantity } of body.lines)
        totalMinor += quantity * (await manager.findOneByOrFail(Price, { sku })).amountMinor;
      const order = await manager.save(Order, { ...body, id: uuidv7(), status: 'pending', totalMinor });
      const placed: OrderPlaced = { ...body, orderId: order.id, totalMinor };
      await emitLater(manager, 'inventory', 'order_placed', placed);
      return order;
    });
  }

  @EventPattern<string>('payment_captured')
  async confirm(@Payload() captured: OrderRef & Identified, @Ctx() context: RmqContext): Promise<void> {
    const { orderId } = captured;
    await once(this.dataSource, captured, async (manager) => {
      const order = await manager.findOneByOrFail(Order, { id: orderId });
      order.status = 'confirmed';
      await manager.save(order);
      await emitLater(manager, 'inventory', 'order_confirmed', { orderId });
    });
    acknowledge(context);
  }
}

@Module({
  imports: [...database([Order, Price, OutboxMessage, InboxMessage]), emitsTo('inventory')],
  controllers: [Orders],
  providers: [OutboxPoller],
})
class OrderModule {}

await run(OrderModule, 'order');
