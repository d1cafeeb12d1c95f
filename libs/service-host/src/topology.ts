import type { AnyParticipant } from '@quadrille/event-log';
import type { ServiceTable } from '@quadrille/messaging';

export { declareTopology, type ServiceTable } from '@quadrille/messaging';

/** What the broker must know of a participant: `declareTopology({ url, tables: participants.map(tableOf), partitions })`. */
export function tableOf({ name, choreography }: AnyParticipant): ServiceTable {
  return { service: name, hears: Object.keys(choreography.reactsTo), announces: choreography.announces };
}
