import { migrate } from '@quadrille/event-log';
import { declareTopology, startService, tableOf } from '@quadrille/service-host';
import { bootService, type Reply, type ServiceWorld } from '@quadrille/testing';
import type { INestApplication } from '@nestjs/common';
import { OrderModule } from '../src/order.module.js';
import { orderParticipant } from '../src/participant.js';

export type OrderService = ServiceWorld<INestApplication>;

/** The whole order service; what it announces has a listener's queue to go to. */
export function bootOrderService(variables: Readonly<Record<string, string>> = {}): Promise<OrderService> {
  const listener = { service: 'listener', hears: orderParticipant.choreography.announces, announces: [] };
  return bootService(
    {
      migrate: (url) => migrate(url, orderParticipant),
      declareTopology: (url) => declareTopology({ url, tables: [tableOf(orderParticipant), listener], partitions: 1 }),
      start: () => startService(OrderModule, orderParticipant),
    },
    { PARTITIONS: '1', ...variables },
  );
}

/** A body that is in order: two mugs, which `setPrices` gives a price. */
export const orderBody = {
  customerId: 'ada',
  currency: 'EUR',
  lines: [{ sku: 'MUG-1', quantity: 2 }],
  paymentMethod: 'pm_card_visa',
};

export async function setPrice(
  service: OrderService,
  sku: string,
  amountMinor: number,
  currency = 'EUR',
): Promise<void> {
  const { status, body } = await service.send('PUT', `/v1/prices/${sku}`, { amountMinor, currency }, service.asAdmin);
  if (status !== 200) throw new Error(`no price for ${sku}: ${JSON.stringify(body)}`);
}

let keys = 0;

/** Places an order, under a new key unless one is given. */
export function place(service: OrderService, body: object = {}, key = `key-${++keys}`): Promise<Reply> {
  return service.send('POST', '/v1/orders', { ...orderBody, ...body }, { 'idempotency-key': key });
}
