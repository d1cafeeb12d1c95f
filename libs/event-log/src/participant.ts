import type { Choreography, Decider, ServiceName } from '@quadrille/contracts';
import type { EntityManager } from 'typeorm';

/**
 * The open transaction of one round. `query` is plain SQL on its connection; `manager` is TypeORM's view of the same.
 * Statements run in the order of the calls, and one that need not wait for another's rows is sent at once: they share a
 * round trip. When one fails, so do all after it.
 */
export interface Transaction {
  query<Row = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  readonly manager: EntityManager;
}

/** What one batch of commands needs, loaded and locked; lives as long as the round's transaction. */
export interface WorkingSet<Command, State, Event> {
  /** The state a command decides on, with the effects of every earlier command of the batch. */
  read(command: Command): State;
  /** The state after a decision, and the events that led to it; `version` is the stream's version after them. */
  write(command: Command, state: State, events: readonly Event[], version: number): void;
  /** Saves all that was written: one set-based statement per table, sent together. */
  save(tx: Transaction): Promise<void>;
}

export interface Repository<Command, State, Event> {
  /** States are folds of the log, so it is never dropped. */
  readonly foldsLog?: boolean;
  /**
   * Loads for all commands at once, or for none: one statement per table, locking rows in a fixed order. The streams' heads
   * are locked before any statement of this one runs.
   */
  load(tx: Transaction, commands: readonly Command[]): Promise<WorkingSet<Command, State, Event>>;
}

/** All that makes a service this service. Everything else is plumbing, written once. */
export interface Participant<
  Command extends { readonly type: string },
  State,
  Event extends { readonly type: string },
> {
  readonly name: ServiceName;
  readonly decider: Decider<Command, State, Event>;
  readonly choreography: Choreography<Command, Event>;
  readonly repository: Repository<Command, State, Event>;
  /** TypeORM entities of the service's own tables. */
  readonly entities: readonly (new () => object)[];
  /** TypeORM migrations of the service's own tables; the event log brings its own. */
  readonly migrations: readonly (new () => import('typeorm').MigrationInterface)[];
}

/** A participant whose types the plumbing need not know. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the plumbing passes commands, states and events through unread
export type AnyParticipant = Participant<any, any, any>;
