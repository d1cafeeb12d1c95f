/**
 * Time and identity come in as data: a decision made twice from the same command, state and `Given` is the same decision.
 */
export interface Given {
  /** The moment of the decision by the database's clock: ISO 8601, UTC, milliseconds. */
  readonly now: string;
  /** A fresh UUIDv7, for the one thing this decision may have to name. */
  readonly id: string;
}

/** An outcome that only the caller needs to hear of. Nothing is stored; at HTTP it becomes a problem with this code. */
export class Refusal {
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {}
}

/** What a stream waits for beside messages. The round keeps it with the state and removes it when the state no longer asks for it. */
export type Awaits<Command> =
  /** A message to oneself: at `dueAt` (database time, ISO 8601) the command is decided like any other. */
  | { readonly kind: 'deadline'; readonly dueAt: string; readonly command: Command }
  /** Work outside the transaction: a worker does `task` after the commit, and its answer comes back as a command. */
  | { readonly kind: 'task'; readonly task: string };

/**
 * One participant's rules, pure: no clock, no randomness, no I/O.
 * `decide` answers with what happened (often nothing: late and repeated messages are ordinary) or with a `Refusal`;
 * `evolve` says what is now true.
 */
export interface Decider<Command, State, Event> {
  readonly initial: State;
  /** The stream a command is for, as `<kind>-<id>`, for example `order-0198…`. */
  streamOf(command: Command): string;
  decide(command: Command, state: State, given: Given): readonly Event[] | Refusal;
  evolve(state: State, event: Event): State;
  awaits?(state: State): Awaits<Command> | null;
}

/** Closes a `switch` over a union: a case that is added later is a compile error here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
