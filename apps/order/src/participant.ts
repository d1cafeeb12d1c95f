import type { Participant } from '@quadrille/event-log';
import { choreography } from './choreography.js';
import { ContactKey } from './contact/contact-key.js';
import { orderDecider, type Order, type OrderCommand, type OrderEvent } from './domain/index.js';
import { Order1700000000100 } from './storage/migrations/1700000000100-order.js';
import { orderRepository } from './storage/order-repository.js';
import { OrderView } from './storage/order-view.js';
import { Price } from './storage/price.js';

export const orderParticipant: Participant<OrderCommand, Order, OrderEvent> = {
  name: 'order',
  decider: orderDecider,
  choreography,
  repository: orderRepository,
  entities: [OrderView, Price, ContactKey],
  migrations: [Order1700000000100],
};
