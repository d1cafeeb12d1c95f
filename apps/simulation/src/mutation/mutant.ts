import type { Awaits, Given, Refusal, ServiceName } from '@quadrille/contracts';
import { shippedParticipants, type Message, type Participants } from '../participants.js';
import { soundPlumbing, type Plumbing } from '../plumbing.js';

/** A deliberate bug. The simulation must notice each of them, or it proves nothing. */
export interface Mutant {
  readonly name: string;
  readonly participants: Participants;
  readonly plumbing: Plumbing;
}

export interface Bendable<Command, State, Event> {
  readonly decide: (command: Command, state: State, given: Given) => readonly Event[] | Refusal;
  readonly evolve: (state: State, event: Event) => State;
  readonly awaits: (state: State) => Awaits<Command> | null;
}

/** Ways to bend the decider of one service; the shipped one is underneath. */
export function bending<Command extends Message, State, Event>(service: ServiceName) {
  const shipped = shippedParticipants[service];
  const real: Bendable<Command, State, Event> = {
    decide: (command, state, given) =>
      shipped.decider.decide(command, state, given) as unknown as readonly Event[] | Refusal,
    evolve: (state, event) => shipped.decider.evolve(state, event as Message) as State,
    awaits: (state) => (shipped.decider.awaits?.(state) ?? null) as Awaits<Command> | null,
  };

  function bent(
    name: string,
    change: (real: Bendable<Command, State, Event>) => Partial<Bendable<Command, State, Event>>,
  ): Mutant {
    const decider = { ...shipped.decider, ...change(real) } as typeof shipped.decider;
    return {
      name: `${service}: ${name}`,
      participants: { ...shippedParticipants, [service]: { ...shipped, decider } },
      plumbing: soundPlumbing,
    };
  }

  return {
    bent,
    /** Nothing happens where something should. */
    ignoring: (name: string, where: (state: State) => boolean, type: Command['type']): Mutant =>
      bent(name, ({ decide }) => ({
        decide: (command, state, given) => (command.type === type && where(state) ? [] : decide(command, state, given)),
      })),
    /** A command is decided as though the state was another; null leaves it as it is. */
    mistaking: (name: string, type: Command['type'], seen: (state: State) => State | null): Mutant =>
      bent(name, ({ decide }) => ({
        decide: (command, state, given) =>
          decide(command, (command.type === type ? seen(state) : null) ?? state, given),
      })),
  };
}
