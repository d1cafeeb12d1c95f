import type { ServiceName } from '@quadrille/contracts';
import type { AnyParticipant } from '@quadrille/event-log';
import { inventoryParticipant } from '@quadrille/inventory/participant';
import { orderParticipant } from '@quadrille/order/participant';
import { paymentParticipant } from '@quadrille/payment/participant';
import { tableOf } from '@quadrille/service-host';

/** All that take part. A new service is added here, and the setup step and the cluster know it. */
export const participants: readonly AnyParticipant[] = [orderParticipant, inventoryParticipant, paymentParticipant];

/** Who hears and announces what: all that the broker has to be told. */
export const tables = participants.map(tableOf);

export type PerService<Value> = Readonly<Record<ServiceName, Value>>;

export function perService<Value>(value: (service: ServiceName) => Value): PerService<Value> {
  return Object.fromEntries(participants.map(({ name }) => [name, value(name)])) as unknown as PerService<Value>;
}
