import { Refusal, type Awaits, type Decider } from '@quadrille/contracts';
import { failpoint } from '@quadrille/observability';
import { keepAgenda } from './agenda.js';
import { appendToLog, type LoggedEvent, type NewEvent } from './log.js';
import { newId } from './new-id.js';
import type { Participant, Transaction, WorkingSet } from './participant.js';
import type { Cause } from './round-types.js';
import { lockHeads, moveHeads } from './stream-heads.js';

/** A command that is to be decided in this round. */
export interface Assignment<Command, State> {
  readonly command: Command;
  readonly cause: Cause;
  readonly answer?: ((state: State, version: number) => unknown) | undefined;
}

export type Verdict =
  | { readonly kind: 'decided'; readonly events: number; readonly answer?: unknown }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

interface Typed {
  readonly type: string;
}

interface Stream {
  readonly from: number;
  version: number;
  awaitsBefore: Awaits<unknown> | null;
  awaitsAfter: Awaits<unknown> | null;
  cause: Cause | undefined;
}

/**
 * The inner part of a round: locks the streams, loads, decides in order, and holds the results until they are saved.
 * Each command sees the effects of those before it.
 */
export class Decisions<Command extends Typed, State, Event extends Typed> {
  readonly verdicts: Verdict[] = [];
  private readonly events: NewEvent[] = [];

  private now = '';

  private constructor(
    private readonly decider: Decider<Command, State, Event>,
    private readonly workingSet: WorkingSet<Command, State, Event>,
    private readonly streams: ReadonlyMap<string, Stream>,
  ) {}

  /** Locks and loads what the commands may decide on, whether all of them come to be decided or not. */
  static async load<Command extends Typed, State, Event extends Typed>(
    tx: Transaction,
    { decider, repository }: Participant<Command, State, Event>,
    commands: readonly Command[],
  ): Promise<Decisions<Command, State, Event>> {
    const [heads, workingSet] = await Promise.all([
      lockHeads(tx, [...new Set(commands.map((command) => decider.streamOf(command)))]),
      repository.load(tx, commands),
    ]);
    const streams = new Map(
      [...heads].map(([stream, version]): [string, Stream] => [
        stream,
        { from: version, version, awaitsBefore: null, awaitsAfter: null, cause: undefined },
      ]),
    );
    return new Decisions(decider, workingSet, streams);
  }

  /** In order; to be called once. */
  async make(now: string, assignments: readonly Assignment<Command, State>[]): Promise<void> {
    this.now = now;
    await failpoint('round.deciding');
    for (const assignment of assignments) this.verdicts.push(this.decide(assignment));
  }

  /** Moves the heads, saves the states and what they await. Answers how many entries of the agenda are new. */
  async save(tx: Transaction): Promise<number> {
    const changes = [...this.streams].flatMap(([stream, { awaitsBefore: before, awaitsAfter: after, cause }]) =>
      cause ? [{ stream, before, after, cause }] : [],
    );
    const [, armed] = await Promise.all([
      moveHeads(
        tx,
        [...this.streams].map(([stream, { from, version: to }]) => ({ stream, from, to })),
      ),
      keepAgenda(tx, this.now, changes),
      this.events.length > 0 ? this.workingSet.save(tx) : undefined,
    ]);
    return armed;
  }

  /** The last step before COMMIT. */
  append(tx: Transaction): Promise<LoggedEvent[]> {
    return appendToLog(tx, this.events);
  }

  private decide({ command, cause, answer }: Assignment<Command, State>): Verdict {
    const before = this.workingSet.read(command);
    const decided = this.decider.decide(command, before, { now: this.now, id: newId() });
    if (decided instanceof Refusal) return { kind: 'refused', refusal: decided };
    const stream = this.decider.streamOf(command);
    const head = this.streams.get(stream);
    if (!head) throw new Error(`the stream of ${command.type} changed from one call of streamOf to the next`);
    let state = before;
    if (decided.length > 0) {
      state = decided.reduce((evolving, event) => this.decider.evolve(evolving, event), before);
      if (head.version === head.from) head.awaitsBefore = this.awaits(before);
      head.awaitsAfter = this.awaits(state);
      this.record(stream, head, decided, cause);
      this.workingSet.write(command, state, decided, head.version);
    }
    return {
      kind: 'decided',
      events: decided.length,
      ...(answer ? { answer: answer(state, head.version) } : {}),
    };
  }

  private record(stream: string, head: Stream, events: readonly Event[], cause: Cause): void {
    for (const event of events) {
      head.version += 1;
      const id = newId();
      head.cause = { ...cause, causationId: id };
      this.events.push({ stream, version: head.version, id, event, recordedAt: this.now, cause });
    }
  }

  private awaits(state: State): Awaits<Command> | null {
    return this.decider.awaits?.(state) ?? null;
  }
}
