import { expect } from '@jest/globals';
import { Refusal, type Decider, type Given } from '@quadrille/contracts';

/** The moment and the id that decisions get in specifications. */
export const specifiedGiven: Given = {
  now: '2026-01-02T03:04:05.678Z',
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
};

/** What happened before, and what may be asked of it. */
export interface Situation<Command, State, Event> {
  /** The state that the given events lead to. */
  readonly state: State;
  /** The decision on one more command. It is made twice, and must be the same. */
  when(command: Command, given?: Partial<Given>): Decision<Event>;
}

export interface Decision<Event> {
  /** Exactly these events happened. None: the command changed nothing. */
  then(...events: readonly Event[]): void;
  thenNothing(): void;
  thenRefused(code: string): void;
}

/**
 * Specifications of a decider that speak in messages only:
 * `given(placed).when(cancel).then(cancelled)`. Every decision's events are also evolved, so an impossible one fails.
 */
export function deciderSpecification<Command, State, Event>(
  decider: Decider<Command, State, Event>,
): (...events: readonly Event[]) => Situation<Command, State, Event> {
  return (...events) => {
    const state = events.reduce((before, event) => decider.evolve(before, event), decider.initial);
    return { state, when: (command, given) => decision(decider, command, state, { ...specifiedGiven, ...given }) };
  };
}

function decision<Command, State, Event>(
  decider: Decider<Command, State, Event>,
  command: Command,
  state: State,
  given: Given,
): Decision<Event> {
  const before = structuredClone(state);
  const decided = decider.decide(command, state, given);
  expect(decider.decide(command, state, given)).toEqual(decided);
  if (!(decided instanceof Refusal)) decided.reduce((current, event) => decider.evolve(current, event), state);
  expect(state).toEqual(before);
  return {
    then: (...events) => expect(decided).toEqual(events),
    thenNothing: () => expect(decided).toEqual([]),
    thenRefused: (code) => {
      expect(decided).toBeInstanceOf(Refusal);
      expect(decided).toMatchObject({ code });
    },
  };
}
