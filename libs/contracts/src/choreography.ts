import type { PublicEventType } from './catalogue.js';
import type { Fact, PublicEvent } from './envelope.js';
import type { ServiceName } from './event-definition.js';

/**
 * What a participant hears and what it says, as two pure tables.
 * `publishes` names every private event, with `null` for silence: forgetting one is a compile error.
 * A fact that lives in two versions is an array: both copies carry the same id, and a reader's inbox takes the first.
 */
export interface Choreography<Command, Event extends { readonly type: string }> {
  readonly service: ServiceName;
  readonly reactsTo: { readonly [Type in PublicEventType]?: (event: PublicEvent<Type>) => Command };
  /**
   * Of what it reacts to, what nobody waits for, such as facts that are only noted. Such a message may wait for a moment until
   * something else is decided, and shares that round. Messages of one key stay in their order.
   */
  readonly deferrable?: readonly PublicEventType[];
  readonly publishes: {
    readonly [Type in Event['type']]: ((event: Extract<Event, { type: Type }>) => Fact | readonly Fact[]) | null;
  };
  /** The wire types that `publishes` can produce, for the topology and the picture; a test compares it with the functions. */
  readonly announces: readonly PublicEventType[];
}
