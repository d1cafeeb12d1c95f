import type { Refusal } from '@quadrille/contracts';
import type { Rounds } from './group-commit.js';
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
  /** Commands that wait for their answer; more are turned away. */
  readonly waitingMax?: number | undefined;
}

export interface Answer {
  /** True when the same request was answered before. */
  readonly replayed: boolean;
  /** What happened because of this call: 0 when it changed nothing, or was answered before. */
  readonly events: number;
  readonly answer: unknown;
}

/**
 * The door for commands from HTTP. They share rounds with whatever else the replica commits, so that a busy service commits in
 * large rounds and a quiet one at once, and are decided in the order in which they came.
 */
export class CommandGate<Command extends { readonly type: string }, State> {
  private readonly sent = new Set<Promise<unknown>>();
  private closed = false;
  private readonly waitingMax: number;

  constructor(
    private readonly rounds: Rounds<Command, State>,
    { waitingMax = 10_000 }: CommandGateOptions = {},
  ) {
    this.waitingMax = waitingMax;
  }

  /**
   * Resolves when the command's decision is committed. Rejects with `RefusedError` (nothing stored), `Overloaded` (not tried),
   * `RoundUnavailable` (unknown: ask again with the same idempotency key), or the fault that the command met.
   */
  send(
    command: Command,
    given: Pick<RequestItem<Command, State>, 'cause' | 'idempotency' | 'answer'>,
  ): Promise<Answer> {
    if (this.closed) return Promise.reject(new Overloaded('the service is stopping'));
    if (this.sent.size >= this.waitingMax)
      return Promise.reject(new Overloaded(`${this.sent.size} commands are waiting`));
    const answer = this.rounds.run([{ kind: 'request', command, ...given }]).then(([outcome]) => answerOf(outcome));
    this.sent.add(answer);
    const forget = () => this.sent.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  /** Takes nothing more, and resolves when all that was accepted is answered. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.sent);
  }
}

function answerOf(outcome: Outcome | undefined): Answer {
  switch (outcome?.kind) {
    case 'decided':
      return { replayed: false, events: outcome.events, answer: outcome.answer };
    case 'replayed':
      return { replayed: true, events: 0, answer: outcome.answer };
    case 'refused':
      throw new RefusedError(outcome.refusal);
    case 'failed':
      throw outcome.error;
    case 'duplicate':
    case 'held':
    case undefined:
      throw new Error(`a request cannot be ${outcome?.kind ?? 'without an outcome'}`);
  }
}
