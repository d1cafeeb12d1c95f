import type { PublicEvent } from '@quadrille/contracts';

/**
 * What the relay needs of a broker. Resolves when the broker has confirmed the event and no queue returned it; rejects
 * when that is not known (nack, return, timeout, closed connection): the relay then sends the same event again.
 */
export interface EventPublisher {
  publish(event: PublicEvent): Promise<void>;
}
