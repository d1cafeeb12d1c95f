import { buildEvent, type Choreography, type PublicEvent } from '@quadrille/contracts';

type SampleOfEach<Event extends { readonly type: string }> = {
  readonly [Type in Event['type']]: Extract<Event, { type: Type }>;
};

/**
 * What a table announces when each private event has happened once, wrapped for the wire: a fact that does not fit its
 * contract, or that belongs to another service, throws.
 */
export function announcements<Command, Event extends { readonly type: string }>(
  { service, publishes }: Choreography<Command, Event>,
  samples: SampleOfEach<Event>,
): readonly PublicEvent[] {
  const context = {
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    time: '2026-01-02T03:04:05.678Z',
    correlationId: 'a-request',
    causationId: 'a-message',
    sequence: 1,
  };
  return (Object.keys(publishes) as Event['type'][]).flatMap((type) =>
    [publishes[type]?.(samples[type]) ?? []].flat().map((fact) => buildEvent(service, fact, context)),
  );
}
