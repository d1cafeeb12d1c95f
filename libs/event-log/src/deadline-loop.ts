import { AgendaClaims, type AgendaEntry } from './agenda-claims.js';
import { messageOf } from './faults.js';
import { Loop } from './loop.js';
import { retryDelayMs } from './retry-policy.js';
import { AgendaFailures, type AgendaParts } from './agenda-failures.js';
import type { Outcome } from './round-types.js';
import { endlessRetry } from './timing.js';

const deadlinesAtOnce = 100;

/** Decides what is due: a deadline is a message to oneself. Replicas share the work, and claim before they do it. */
export class DeadlineLoop {
  private readonly claims: AgendaClaims;
  private readonly failures: AgendaFailures;
  private readonly loop: Loop;

  constructor(private readonly parts: AgendaParts) {
    const { dataSource, replicaId, timing, logger } = parts;
    this.failures = new AgendaFailures(parts);
    this.claims = new AgendaClaims(dataSource, 'deadline', replicaId, timing.taskLeaseMs);
    this.loop = new Loop({ name: 'deadlines', pauseMs: timing.agendaPollMs, logger, step: () => this.fire() });
  }

  start(): void {
    this.loop.start();
  }

  /** Begins nothing more, and waits for what is decided now. */
  async stop(): Promise<void> {
    await this.loop.stop();
  }

  private async fire(): Promise<boolean> {
    const due = await this.claims.claim(deadlinesAtOnce);
    if (due.length === 0) return false;
    if (this.loop.isStopping) {
      await this.claims.giveBack(due);
      return false;
    }
    try {
      const items = due.map(({ command, cause }) => ({ kind: 'wake-up' as const, command, cause }));
      await this.settle(due, await this.parts.rounds.run(items));
    } catch (error) {
      // Nothing is known to be committed. Whoever comes next finds what is still awaited.
      await this.claims.giveBack(due).catch((reason: unknown) => {
        this.parts.logger.warn(
          { err: reason, entries: due.length },
          'deadlines were not given back; their claims expire',
        );
      });
      throw error;
    }
    return due.length === deadlinesAtOnce;
  }

  /** A deadline that was decided is gone with its state. What is left failed, or was ignored by the decider. */
  private async settle(due: readonly AgendaEntry[], outcomes: readonly Outcome[]): Promise<void> {
    const retry = endlessRetry(this.parts.timing);
    const left = await this.claims.release(
      due.map(({ stream, attempts }) => ({
        stream,
        attempts: attempts + 1,
        delayMs: retryDelayMs(retry, attempts + 1),
      })),
    );
    for (const [at, entry] of due.entries())
      if (left.has(entry.stream)) await this.failures.failed(entry, reasonOf(outcomes[at]));
  }
}

function reasonOf(outcome: Outcome | undefined): string {
  if (outcome?.kind === 'failed') return messageOf(outcome.error);
  if (outcome?.kind === 'refused') return `refused: ${outcome.refusal.code}`;
  return 'the state still waits for the deadline that it has met';
}
