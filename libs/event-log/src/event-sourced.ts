import type { Decider } from '@quadrille/contracts';
import { RoundCollision } from './faults.js';
import type { Repository, Transaction, WorkingSet } from './participant.js';

/** A stream that changed in a round. */
export interface StreamChange<State, Event> {
  readonly stream: string;
  readonly state: State;
  readonly events: readonly Event[];
  readonly version: number;
}

export interface EventSourcedOptions<State, Event> {
  /** Keeps a read model in the transaction of the events, so that a reader never finds less than was answered. */
  readonly save?: (tx: Transaction, changes: readonly StreamChange<State, Event>[]) => Promise<void>;
}

/** A repository whose states are the folds of their streams in the log. */
export function eventSourced<Command, State, Event extends { readonly type: string }>(
  decider: Decider<Command, State, Event>,
  { save }: EventSourcedOptions<State, Event> = {},
): Repository<Command, State, Event> {
  return {
    foldsLog: true,
    async load(tx, commands) {
      const streams = [...new Set(commands.map((command) => decider.streamOf(command)))];
      const folded = await fold(tx, decider, streams);
      return new FoldedStreams(decider, folded, save);
    },
  };
}

interface Folded<State> {
  readonly state: State;
  readonly version: number;
}

async function fold<State, Event extends { readonly type: string }>(
  tx: Transaction,
  { initial, evolve }: Pick<Decider<never, State, Event>, 'initial' | 'evolve'>,
  streams: readonly string[],
): Promise<Map<string, Folded<State>>> {
  if (streams.length === 0) return new Map();
  const rows = await tx.query<{ stream: string; version: number; type: string; data: object }>(
    'select stream, version, type, data from log where stream = any ($1) order by stream, version',
    [streams],
  );
  const folded = new Map(streams.map((stream) => [stream, { state: initial, version: 0 }]));
  for (const { stream, version, type, data } of rows) {
    const before = folded.get(stream)?.state ?? initial;
    folded.set(stream, { state: evolve(before, { ...data, type } as Event), version });
  }
  return folded;
}

class FoldedStreams<Command, State, Event> implements WorkingSet<Command, State, Event> {
  private readonly changes = new Map<string, StreamChange<State, Event>>();

  constructor(
    private readonly decider: Decider<Command, State, Event>,
    private readonly folded: Map<string, Folded<State>>,
    private readonly saveChanges: EventSourcedOptions<State, Event>['save'],
  ) {}

  read(command: Command): State {
    return this.folded.get(this.decider.streamOf(command))?.state ?? this.decider.initial;
  }

  write(command: Command, state: State, events: readonly Event[], version: number): void {
    const stream = this.decider.streamOf(command);
    const before = this.folded.get(stream)?.version ?? 0;
    const head = version - events.length;
    // It had no head to lock, and began in another round before its events were read.
    if (head === 0 && before > 0) throw new RoundCollision('a stream began in another round at the same moment');
    // A stream whose events are archived, or a head that was moved by hand: deciding on half a story would be worse.
    if (head !== before) throw new Error(`${stream} has ${before} events in the log, but its head says ${head}`);
    this.folded.set(stream, { state, version });
    const earlier = this.changes.get(stream)?.events ?? [];
    this.changes.set(stream, { stream, state, events: [...earlier, ...events], version });
  }

  async save(tx: Transaction): Promise<void> {
    if (this.changes.size > 0) await this.saveChanges?.(tx, [...this.changes.values()]);
  }
}
