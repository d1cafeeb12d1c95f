import type { PublicEventType } from './catalogue.js';
import type { PublicEvent } from './envelope.js';
import { isRetryableDecline } from './payment-events.js';

/**
 * What an event would be if it were sent today: one pure step per version, each from one version to the next. A reader then
 * knows the newest version alone, whichever it heard and however old the event is.
 */
const steps = {
  'payment.declined.v1': (event: PublicEvent<'payment.declined.v1'>): PublicEvent<'payment.declined.v2'> =>
    as('payment.declined.v2', event, { ...event.data, retryable: isRetryableDecline(event.data.declineCode) }),
};

type Steps = typeof steps;
type OldType = keyof Steps;

/** The newest version that a version leads to, itself when it is the newest. */
export type Newest<Type extends PublicEventType> = Type extends OldType
  ? Newest<ReturnType<Steps[Type]>['type']>
  : Type;

/** Takes an event to its newest version, step by step. What is the newest already comes back as it is. */
export function upcast<Type extends PublicEventType>(event: PublicEvent<Type>): PublicEvent<Newest<Type>> {
  // That it is one of all events, and that a type's step takes events of that type, is beyond what TypeScript can follow.
  let newest = event as unknown as PublicEvent;
  for (let step = stepFrom(newest.type); step; step = stepFrom(newest.type)) newest = step(newest);
  return newest as unknown as PublicEvent<Newest<Type>>;
}

/** The types that a step leads away from: old versions that may still come. */
export const oldTypes = Object.keys(steps) as readonly OldType[];

function stepFrom(type: PublicEventType): ((event: PublicEvent) => PublicEvent) | undefined {
  return (steps as Partial<Record<PublicEventType, unknown>>)[type] as
    ((event: PublicEvent) => PublicEvent) | undefined;
}

/** The same event, its id, time and place in the stream included, in another version. */
function as<Type extends PublicEventType>(
  type: Type,
  event: PublicEvent,
  data: PublicEvent<Type>['data'],
): PublicEvent<Type> {
  return { ...event, type, dataschema: `urn:quadrille:schema:${type}`, data } as PublicEvent<Type>;
}
