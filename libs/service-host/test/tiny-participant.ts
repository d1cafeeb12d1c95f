import { fact, Refusal, type Choreography, type Decider } from '@quadrille/contracts';
import { eventSourced, type Participant } from '@quadrille/event-log';

/** The least that is a participant: a thing is confirmed, once, on request or when its payment was captured. */
export interface ConfirmThing {
  readonly type: 'Confirm';
  readonly orderId: string;
  readonly once?: boolean;
}

export interface ThingConfirmed {
  readonly type: 'Confirmed';
  readonly orderId: string;
}

export type Thing = 'new' | 'confirmed';

const decider: Decider<ConfirmThing, Thing, ThingConfirmed> = {
  initial: 'new',
  streamOf: ({ orderId }) => `order-${orderId}`,
  decide({ orderId, once }, thing) {
    if (thing === 'new') return [{ type: 'Confirmed', orderId }];
    return once ? new Refusal('confirmed_before', `${orderId} was confirmed before.`) : [];
  },
  evolve: () => 'confirmed',
};

const choreography: Choreography<ConfirmThing, ThingConfirmed> = {
  service: 'order',
  reactsTo: { 'payment.captured.v1': ({ data: { orderId } }) => ({ type: 'Confirm', orderId }) },
  publishes: { Confirmed: ({ orderId }) => fact('order.confirmed.v1', { orderId }) },
  announces: ['order.confirmed.v1'],
};

export const tinyParticipant: Participant<ConfirmThing, Thing, ThingConfirmed> = {
  name: 'order',
  decider,
  choreography,
  repository: eventSourced(decider),
  entities: [],
  migrations: [],
};

/** The broker's view of it, and of somebody who listens. */
export const tables = [
  { service: 'order', hears: ['payment.captured.v1'], announces: ['order.confirmed.v1'] },
  { service: 'inventory', hears: ['order.confirmed.v1'], announces: [] },
];
