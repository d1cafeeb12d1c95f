import { Body, Controller, HttpCode, Inject, Module, Post } from '@nestjs/common';
import { ClientProxy, Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { InjectRepository } from '@nestjs/typeorm';
import { lastValueFrom } from 'rxjs';
import { Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { OrderBody, OrderPlaced, OrderRef } from '../messages.js';
import { acknowledge, database, emitsTo, run } from '../nest.js';
import { Order, Price } from '../rows.js';

/** Saves, then emits. A crash between the two loses the event, and nobody notices. */
@Controller()
class Orders {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    @InjectRepository(Price) private readonly prices: Repository<Price>,
    @Inject('inventory') private readonly inventory: ClientProxy,
  ) {}

  @Post('v1/orders')
  @HttpCode(202)
  async place(@Body() body: OrderBody): Promise<Order> {
    let totalMinor = 0;
    for (const { sku, quantity } of body.lines)
      totalMinor += quantity * (await this.prices.findOneByOrFail({ sku })).amountMinor;
    const order = await this.orders.save({ ...body, id: uuidv7(), status: 'pending', totalMinor });
    const placed: OrderPlaced = { ...body, orderId: order.id, totalMinor };
    await lastValueFrom(this.inventory.emit('order_placed', placed), { defaultValue: undefined });
    return order;
  }

  @EventPattern<string>('payment_captured')
  async confirm(@Payload() { orderId }: OrderRef, @Ctx() context: RmqContext): Promise<void> {
    const order = await this.orders.findOneByOrFail({ id: orderId });
    order.status = 'confirmed';
    await this.orders.save(order);
    await lastValueFrom(this.inventory.emit('order_confirmed', { orderId }), { defaultValue: undefined });
    acknowledge(context);
  }
}

@Module({ imports: [...database([Order, Price]), emitsTo('inventory')], controllers: [Orders] })
class OrderModule {}

await run(OrderModule, 'order');
