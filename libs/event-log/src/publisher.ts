import type { PublicEvent } from '@quadrille/contracts';

/**
 * What the relay needs of a broker. Resolves when the broker has confirmed the event and no queue returned it; rejects
 * when that is not known (nack, return, timeout, closed connection): the relay then sends the same event again. A rejection
 * whose `reason` is `returned` says that the broker had no queue for it.
 */
export interface EventPublisher {
  publish(event: PublicEvent): Promise<void>;
}

/** Whether a rejection says that the broker took the event and had no queue for it. */
export function reachedNoQueue(rejection: unknown): boolean {
  return rejection instanceof Error && 'reason' in rejection && rejection.reason === 'returned';
}
