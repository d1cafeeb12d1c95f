import { silentLogger, type Logger, type Registry } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import { LeaseLost, messageOf, RoundUnavailable } from './faults.js';
import { deadRow, failedRow, failureOf, heldAmong, insertHeld, waitingRow, type Failure } from './held-store.js';
import { slotOfKey } from './idempotency.js';
import { claimMessages } from './inbox.js';
import type { Participant } from './participant.js';
import { retryTransient } from './retries.js';
import { heldRetry, retryDelayMs, type RetryPolicy } from './retry-policy.js';
import { runBatch, type News } from './round-batch.js';
import { roundMetrics, type RoundMetrics } from './round-metrics.js';
import { startRound } from './round-start.js';
import { inSteps } from './round-steps.js';
import type { DeliveryItem, Lease, Outcome, RoundItem } from './round-types.js';
import { inTransaction } from './transaction.js';

interface Typed {
  readonly type: string;
}

export interface RoundOptions<Command extends Typed, State, Event extends Typed> {
  readonly dataSource: DataSource;
  readonly participant: Participant<Command, State, Event>;
  readonly logger?: Logger | undefined;
  readonly registry?: Registry | undefined;
  /** For messages that fail. */
  readonly retry?: RetryPolicy | undefined;
  /** Called after every commit that leaves something to do for others. Must not throw. */
  readonly onCommitted?: ((news: News) => void) | undefined;
}

export interface RunOptions {
  /** Whose partitions the items are of. */
  readonly leases?: readonly Lease[] | undefined;
}

/**
 * The one way in which messages, requests and deadlines become decisions: a batch, in order, in one transaction.
 *
 * - Each message takes effect once, however often it comes; each idempotency key is decided once.
 * - Items see the effects of those before them, and messages of one key never overtake each other.
 * - An item that fails harms no other: a message goes to the held store, where later ones of its key queue up behind it; a
 *   request or wake-up is answered with `failed`.
 * - A fault of the moment repeats the whole batch.
 */
export class Round<Command extends Typed, State, Event extends Typed> {
  readonly participant: Participant<Command, State, Event>;
  private readonly dataSource: DataSource;
  private readonly logger: Logger;
  private readonly metrics: RoundMetrics;
  private readonly retry: RetryPolicy;
  private readonly onCommitted: (news: News) => void;

  constructor(options: RoundOptions<Command, State, Event>) {
    this.participant = options.participant;
    this.dataSource = options.dataSource;
    this.logger = options.logger ?? silentLogger;
    this.metrics = roundMetrics(options.registry);
    this.retry = options.retry ?? heldRetry;
    this.onCommitted = options.onCommitted ?? (() => undefined);
  }

  /**
   * Decides the items in order and answers with their outcomes, in the same order. All that has an outcome is committed.
   * Rejects with `LeaseLost` or `RoundUnavailable`: then some of the items may be committed, and giving all of them again is
   * safe.
   */
  async run(items: readonly RoundItem<Command, State>[], { leases = [] }: RunOptions = {}): Promise<Outcome[]> {
    const twins = placesOfTwins(items);
    const batch = items.filter((_, place) => !twins.has(place));
    const outcomes = batch.length > 0 ? await inSteps(batch, (traced) => this.runOrSplit(traced, leases)) : [];
    if (twins.size === 0) return [...outcomes];
    // A key that is used twice waits for its first use, within a batch as between batches.
    const later = await this.run(
      items.filter((_, place) => twins.has(place)),
      { leases },
    );
    return merge(outcomes, later, items.length, twins);
  }

  /**
   * Puts a message into the held store without handling it, and its key is held from then on: for a message that cannot be
   * handled safely. `dead` means that only a person can bring it back.
   */
  async hold(
    item: DeliveryItem,
    failure: Failure,
    { leases = [], dead = false, attempts = 1 }: RunOptions & { dead?: boolean; attempts?: number } = {},
  ): Promise<Outcome> {
    const isNew = await retryTransient(
      () =>
        inTransaction(this.dataSource, 'hold', async (tx) => {
          await startRound(tx, leases);
          if ((await claimMessages(tx, [item.messageId])).size === 0) return false;
          const isHeld = (await heldAmong(tx, [item.key])).has(item.key);
          const tried = isHeld ? waitingRow(item) : failedRow(item, failure, retryDelayMs(this.retry, 1));
          await insertHeld(tx, [dead ? deadRow(item, failure, attempts) : tried]);
          return true;
        }),
      this.noteRetry,
    );
    if (!isNew) return { kind: 'duplicate' };
    this.metrics.held.inc();
    this.onCommitted({ events: [], armed: 0, held: 1 });
    this.logger.warn({ messageId: item.messageId, key: item.key, type: item.type, ...failure }, 'message held');
    return { kind: 'held', code: failure.code };
  }

  private async runOrSplit(
    items: readonly RoundItem<Command, State>[],
    leases: readonly Lease[],
  ): Promise<readonly Outcome[]> {
    try {
      return await this.commit(items, leases);
    } catch (error) {
      if (error instanceof LeaseLost || error instanceof RoundUnavailable) throw error;
      const [only] = items;
      if (items.length === 1 && only) return [await this.setAside(only, error, leases)];
      this.metrics.splits.inc();
      this.logger.debug({ items: items.length, reason: messageOf(error) }, 'batch split');
      // One after the other: what fails in the first half holds its key before the second half begins.
      const middle = Math.ceil(items.length / 2);
      const first = await this.runOrSplit(items.slice(0, middle), leases);
      return [...first, ...(await this.runOrSplit(items.slice(middle), leases))];
    }
  }

  private async commit(
    items: readonly RoundItem<Command, State>[],
    leases: readonly Lease[],
  ): Promise<readonly Outcome[]> {
    const stopTimer = this.metrics.seconds.startTimer();
    const { outcomes, news } = await retryTransient(
      () => inTransaction(this.dataSource, 'round', (tx) => runBatch(tx, this.participant, items, leases, this.retry)),
      this.noteRetry,
    );
    stopTimer();
    this.metrics.items.observe(items.length);
    this.metrics.duplicates.inc(count(outcomes, 'duplicate'));
    this.metrics.refused.inc(count(outcomes, 'refused'));
    this.metrics.held.inc(news.held);
    if (news.events.length + news.armed + news.held > 0) this.onCommitted(news);
    return outcomes;
  }

  /** What failed alone. */
  private async setAside(item: RoundItem<Command, State>, error: unknown, leases: readonly Lease[]): Promise<Outcome> {
    if (item.kind === 'delivery') return this.hold(item, failureOf(error), { leases });
    return { kind: 'failed', error: error instanceof Error ? error : new Error(messageOf(error)) };
  }

  private readonly noteRetry = (error: unknown, attempts: number): void => {
    this.metrics.retries.inc();
    this.logger.debug({ reason: messageOf(error), attempts }, 'round tried again');
  };
}

/** A round whose types its user need not know. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the loops pass commands, states and events through unread
export type AnyRound = Round<any, any, any>;

function count(outcomes: readonly Outcome[], kind: Outcome['kind']): number {
  return outcomes.filter((outcome) => outcome.kind === kind).length;
}

/** Where an idempotency key stands that was used before in the same list. */
function placesOfTwins(items: readonly RoundItem<unknown, never>[]): ReadonlySet<number> {
  const seen = new Set<string>();
  const twins = new Set<number>();
  for (const [place, item] of items.entries()) {
    if (item.kind !== 'request' || !item.idempotency) continue;
    const slot = slotOfKey(item.idempotency);
    if (seen.has(slot)) twins.add(place);
    seen.add(slot);
  }
  return twins;
}

function merge(
  outcomes: readonly Outcome[],
  later: readonly Outcome[],
  length: number,
  twins: ReadonlySet<number>,
): Outcome[] {
  const [first, second] = [outcomes.values(), later.values()];
  return Array.from({ length }, (_, place) => (twins.has(place) ? second : first).next().value as Outcome);
}
