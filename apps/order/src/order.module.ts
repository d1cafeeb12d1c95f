import { Module } from '@nestjs/common';
import { ParticipantModule } from '@quadrille/service-host';
import { ContactKeys } from './contact/contact-keys.js';
import { OrderEnds } from './http/order-ends.js';
import { OrdersController } from './http/orders.controller.js';
import { PlaceOrder } from './http/place-order.js';
import { PricesController } from './http/prices.controller.js';
import { OrderConfiguration } from './order-configuration.js';
import { orderParticipant } from './participant.js';
import { Orders } from './storage/orders.js';
import { PriceList } from './storage/price-list.js';
import { Timeline } from './storage/timeline.js';

@Module({
  imports: [ParticipantModule.for(orderParticipant, { configuration: OrderConfiguration })],
  controllers: [OrdersController, PricesController],
  providers: [ContactKeys, OrderEnds, Orders, PlaceOrder, PriceList, Timeline],
})
export class OrderModule {}
