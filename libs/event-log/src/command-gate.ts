import type { Refusal } from '@quadrille/contracts';
import type { Round } from './round.js';
import type { Outcome, RequestItem } from './round-types.js';

/** The decider's answer to one caller: nothing was stored. */
export class RefusedError extends Error {
  constructor(readonly refusal: Refusal) {
    super(`${refusal.code}: ${refusal.detail}`);
    this.name = 'RefusedError';
  }
}

/** Too much waits already: come back later. Nothing was stored. */
export class Overloaded extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Overloaded';
  }
}

export interface CommandGateOptions {
  /** Commands of one round. */
  readonly batchMax?: number | undefined;
  /** Rounds at the same time. */
  readonly inFlightMax?: number | undefined;
  /** Commands that wait for a round; more are turned away. */
  readonly waitingMax?: number | undefined;
}

export interface Answer {
  /** True when the same request was answered before. */
  readonly replayed: boolean;
  /** What happened because of this call: 0 when it changed nothing, or was answered before. */
  readonly events: number;
  readonly answer: unknown;
}

interface Waiting<Command, State> {
  readonly item: RequestItem<Command, State>;
  readonly stream: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The door for commands from HTTP: what waits together commits together. While its rounds are in flight, commands gather;
 * the next round takes them all, so that a busy service commits in large rounds and a quiet one at once. Commands of one
 * stream are decided in the order in which they came.
 */
export class CommandGate<Command extends { readonly type: string }, State> {
  private waiting: Waiting<Command, State>[] = [];
  private readonly busyStreams = new Set<string>();
  private inFlight = 0;
  private scheduled = false;
  private closed = false;
  private whenIdle: (() => void)[] = [];
  private readonly batchMax: number;
  private readonly inFlightMax: number;
  private readonly waitingMax: number;

  constructor(
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the gate sees no events
    private readonly round: Round<Command, State, any>,
    { batchMax = 100, inFlightMax = 2, waitingMax = 10_000 }: CommandGateOptions = {},
  ) {
    this.batchMax = batchMax;
    this.inFlightMax = inFlightMax;
    this.waitingMax = waitingMax;
  }

  /**
   * Resolves when the command's decision is committed. Rejects with `RefusedError` (nothing stored), `Overloaded` (not tried),
   * `RoundUnavailable` (unknown: ask again with the same idempotency key), or the fault that the command met.
   */
  send(
    command: Command,
    { cause, idempotency, answer }: Pick<RequestItem<Command, State>, 'cause' | 'idempotency' | 'answer'>,
  ): Promise<Answer> {
    if (this.closed) return Promise.reject(new Overloaded('the service is stopping'));
    if (this.waiting.length >= this.waitingMax)
      return Promise.reject(new Overloaded(`${this.waiting.length} commands are waiting`));
    return new Promise((resolve, reject) => {
      const item: RequestItem<Command, State> = { kind: 'request', command, cause, idempotency, answer };
      this.waiting.push({ item, stream: this.round.participant.decider.streamOf(command), resolve, reject });
      this.schedule();
    });
  }

  /** Takes nothing more, and resolves when all that was accepted is answered. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.waiting.length > 0 || this.inFlight > 0) await new Promise<void>((resolve) => this.whenIdle.push(resolve));
  }

  /** After the I/O of this turn of the event loop, so that requests which arrive together share a round. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.begin();
    });
  }

  private begin(): void {
    while (this.inFlight < this.inFlightMax) {
      const batch = this.takeBatch();
      if (batch.length === 0) return;
      void this.commit(batch);
    }
  }

  /** The oldest whose streams are in no other round; a stream that is skipped stays in order. */
  private takeBatch(): Waiting<Command, State>[] {
    const batch: Waiting<Command, State>[] = [];
    const rest: Waiting<Command, State>[] = [];
    for (const waiting of this.waiting)
      (batch.length < this.batchMax && !this.busyStreams.has(waiting.stream) ? batch : rest).push(waiting);
    this.waiting = rest;
    for (const { stream } of batch) this.busyStreams.add(stream);
    return batch;
  }

  private async commit(batch: readonly Waiting<Command, State>[]): Promise<void> {
    this.inFlight += 1;
    try {
      const outcomes = await this.round.run(batch.map(({ item }) => item));
      for (const [place, waiting] of batch.entries()) settle(waiting, outcomes[place]);
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
    } finally {
      this.inFlight -= 1;
      for (const { stream } of batch) this.busyStreams.delete(stream);
      this.begin();
      if (this.inFlight === 0 && this.waiting.length === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
    }
  }
}

function settle<Command, State>({ resolve, reject }: Waiting<Command, State>, outcome: Outcome | undefined): void {
  switch (outcome?.kind) {
    case 'decided':
      return resolve({ replayed: false, events: outcome.events, answer: outcome.answer });
    case 'replayed':
      return resolve({ replayed: true, events: 0, answer: outcome.answer });
    case 'refused':
      return reject(new RefusedError(outcome.refusal));
    case 'failed':
      return reject(outcome.error);
    case 'duplicate':
    case 'held':
    case undefined:
      return reject(new Error(`a request cannot be ${outcome?.kind ?? 'without an outcome'}`));
  }
}
