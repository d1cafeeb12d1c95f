import type { Logger } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import type { AgendaEntry } from './agenda-claims.js';
import type { AnyHeldMessages } from './held-messages.js';
import type { LogSignal } from './log-signal.js';
import type { RetryPolicy } from './retry-policy.js';
import type { Rounds } from './group-commit.js';
import { subjectOf } from './stream-subject.js';
import type { Timing } from './timing.js';

export interface AgendaParts {
  readonly dataSource: DataSource;
  readonly replicaId: string;
  readonly rounds: Rounds;
  readonly held: AnyHeldMessages;
  readonly signal: LogSignal;
  readonly timing: Timing;
  /** Of a deadline or of a task's answer that fails, until a person is asked. */
  readonly retry: RetryPolicy;
  readonly logger: Logger;
}

/** What to do when a deadline or a task cannot be brought to its end. */
export class AgendaFailures {
  constructor(private readonly parts: AgendaParts) {}

  /** It is tried again; after the last try it is given up. */
  async failed(entry: AgendaEntry, reason: string): Promise<void> {
    const { stream, task, attempts } = entry;
    this.parts.logger.warn({ stream, task, attempts, reason }, 'an entry of the agenda failed');
    if (attempts + 1 >= this.parts.retry.attemptsMax) await this.giveUp(entry, 'failed', reason);
  }

  /**
   * A dead letter on the key; its replay brings the entry back. Until then the entry rests. What the state does not ask for any
   * more, since somebody else was quicker, is nothing that a person has to look at.
   */
  async giveUp({ stream, task, command, attempts, cause }: AgendaEntry, code: string, reason: string): Promise<void> {
    await this.parts.held.holdWakeUp({
      key: subjectOf(stream),
      type: task === null ? 'deadline' : `task ${task}`,
      command: task === null ? command : { task, stream },
      code,
      reason,
      cause,
      dead: true,
      attempts: attempts + 1,
      entry: { stream, task },
    });
  }
}
