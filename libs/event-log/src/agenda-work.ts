import type { Logger } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import type { AgendaEntry } from './agenda-claims.js';
import type { LogSignal } from './log-signal.js';
import type { AnyRound } from './round.js';
import type { Timing } from './timing.js';

/** What the loops of the agenda share. */
export interface AgendaWork {
  readonly dataSource: DataSource;
  readonly replicaId: string;
  readonly round: AnyRound;
  readonly signal: LogSignal;
  readonly timing: Timing;
  readonly logger: Logger;
  /** Notes a failure; the last of many becomes a dead letter. */
  failed(entry: AgendaEntry, reason: string): Promise<void>;
  /** Makes a dead letter on the stream's key. */
  giveUp(entry: AgendaEntry, code: string, reason: string): Promise<void>;
}
