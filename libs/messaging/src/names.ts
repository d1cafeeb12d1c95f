/** The topic exchange every public event is published to, with the routing key `<type>.<slot>`. */
export const eventsExchange = 'quadrille.events';

/** The one-message queue in which the broker remembers what the setup step declared. */
export const topologyRecordQueue = 'quadrille.topology';

/** Held while the setup step works, so that two of them never work at once. */
export const topologyLockQueue = 'quadrille.topology.lock';

/** A service's own topic exchange: what it hears comes in here, and its partition queues hang on it by slot. */
export function serviceExchange(service: string): string {
  return `quadrille.${service}`;
}

/** The number of partitions is part of the name, so queues of another number can never be taken for these. */
export function partitionQueue(service: string, partition: number, partitions: number): string {
  return `${service}.${partition}of${partitions}`;
}

/** Where a service's garbage goes: what no key can be read from. */
export function deadLetterQueue(service: string): string {
  return `${service}.dead-letters`;
}

/** The routing key on the service's exchange that leads to its dead-letter queue. No event has it: events end in a slot. */
export const deadLetterRoutingKey = 'dead-letters';

/** The queue of a service's `@EventPattern` handlers. */
export function listenerQueue(service: string): string {
  return `${service}.listener`;
}

export function listenerDeadLetterQueue(service: string): string {
  return `${service}.listener.dead-letters`;
}

/** The delay is part of the name, because a queue's time to live cannot be changed. */
export function listenerRetryQueue(service: string, delayMs: number): string {
  return `${service}.listener.retry.${delayMs}ms`;
}
