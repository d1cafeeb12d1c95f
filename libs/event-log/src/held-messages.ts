import { parseEvent } from '@quadrille/contracts';
import { silentLogger, type Logger } from '@quadrille/observability';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { commandOf } from './admission.js';
import { Decisions } from './decisions.js';
import { LeaseLost, RoundUnavailable } from './faults.js';
import { failureOf, insertHeld, storable, UnreadableMessage, type Failure, type HeldStatus } from './held-store.js';
import type { Participant, Transaction } from './participant.js';
import { retryTransient } from './retries.js';
import { heldRetry, retryDelayMs, type RetryPolicy } from './retry-policy.js';
import type { News } from './round-batch.js';
import { roundMetrics, type RoundMetrics } from './round-metrics.js';
import { startRound } from './round-start.js';
import type { RoundOptions } from './round.js';
import type { Cause, Lease } from './round-types.js';
import { rows } from './sql.js';
import { inTransaction } from './transaction.js';

/** Something in the held store whose turn it is. */
export interface HeldRow {
  readonly id: string;
  readonly key: string;
  /** Null for wake-ups: any replica may retry them. */
  readonly partition: number | null;
  readonly kind: 'message' | 'wake-up';
  readonly messageId: string | null;
  readonly type: string;
  readonly status: HeldStatus;
  /** Attempts that have begun. */
  readonly attempts: number;
}

/** A deadline's command or a task that failed and must not be forgotten. */
export interface HeldWakeUp {
  readonly key: string;
  readonly type: string;
  /** The command to decide, or the task to do again: `{ task, stream }`. */
  readonly command: unknown;
  readonly code?: string | undefined;
  readonly reason: string;
  readonly stack?: string | undefined;
  readonly cause: Cause;
  /** True when only a person can bring it back. */
  readonly dead: boolean;
  readonly attempts?: number | undefined;
  /** What rests on the agenda meanwhile. */
  readonly entry: { readonly stream: string; readonly task: string | null };
}

/** So long a row belongs to the replica that tries it. After a crash it is tried again then. */
const claimMs = 30_000;

/**
 * Brings held messages back, each key's oldest first, through the steps of the round. A message leaves the store in the
 * transaction of its effects. Its attempt is counted before it is handled, so that one that ends the process becomes a
 * dead letter all the same.
 */
export class HeldMessages<Command extends { readonly type: string }, State, Event extends { readonly type: string }> {
  private readonly dataSource: DataSource;
  private readonly participant: Participant<Command, State, Event>;
  private readonly logger: Logger;
  private readonly metrics: RoundMetrics;
  private readonly policy: RetryPolicy;
  private readonly onCommitted: (news: News) => void;

  constructor(options: RoundOptions<Command, State, Event>) {
    this.dataSource = options.dataSource;
    this.participant = options.participant;
    this.logger = options.logger ?? silentLogger;
    this.metrics = roundMetrics(options.registry);
    this.policy = options.retry ?? heldRetry;
    this.onCommitted = options.onCommitted ?? (() => undefined);
  }

  /** Each key's oldest, when its wait is over: of these partitions, and wake-ups. Keys that wait for a person are silent. */
  async due(limit: number, partitions: readonly number[] | 'all'): Promise<HeldRow[]> {
    const due = await rows<Omit<HeldRow, 'messageId'> & { message_id: string | null }>(
      this.dataSource,
      `select id, key, partition, kind, message_id, type, status, attempts from held_message held
       where (status = 'waiting' or (status = 'retrying' and next_at <= clock_timestamp()))
         and ($2::int[] is null or partition is null or partition = any ($2))
         and not exists (
           select from held_message older
           where older.key = held.key and older.id < held.id and older.status <> 'discarded')
       order by id limit $1`,
      [limit, partitions === 'all' ? null : partitions],
    );
    return due.map(({ message_id: messageId, ...row }) => ({ ...row, messageId }));
  }

  /**
   * Tries one row that is due. `handled`: it is gone, with its effects committed (perhaps by another replica). `held`: it
   * failed, or another replica has it. `dead`: its attempts are used up. Rejects with `LeaseLost` or `RoundUnavailable`.
   */
  async retry(
    row: HeldRow,
    { lease }: { readonly lease?: Lease | undefined } = {},
  ): Promise<'handled' | 'held' | 'dead'> {
    const attempts = await this.claim(row, lease);
    if (attempts === undefined) return this.whereIs(row);
    if (attempts > this.policy.attemptsMax) return this.fail(row, attempts, processEnded);
    try {
      const news = await this.commit((tx) => this.handle(tx, row, attempts, lease));
      if (!news) return await this.whereIs(row);
      if (news.events.length + news.armed > 0) this.onCommitted(news);
      return 'handled';
    } catch (error) {
      if (error instanceof LeaseLost || error instanceof RoundUnavailable) throw error;
      return this.fail(row, attempts, failureOf(error));
    }
  }

  /**
   * Keeps a wake-up that failed, and has its entry rest; its key is held from then on. Does nothing when the state asks for the
   * entry no more, or it rests already: then another replica was quicker, or a COMMIT of unknown end was one.
   */
  async holdWakeUp(wakeUp: HeldWakeUp): Promise<void> {
    const { key, type, command, cause, dead, attempts = 1, code = 'failed', reason, stack, entry } = wakeUp;
    const isAsked = await this.commit(async (tx) => {
      if (!(await layToRest(tx, entry))) return false;
      await insertHeld(tx, [
        {
          kind: 'wake-up',
          key,
          partition: null,
          messageId: randomUUID(),
          type,
          body: Buffer.from(JSON.stringify(command)),
          status: dead ? 'dead' : 'retrying',
          failure: { code, reason, stack },
          attempts,
          delayMs: dead ? null : retryDelayMs(this.policy, attempts),
          cause,
        },
      ]);
      return true;
    });
    if (!isAsked) return;
    this.metrics.held.inc();
    this.onCommitted({ events: [], armed: 0, held: 1 });
    this.logger.warn({ key, type, code, reason, dead }, 'wake-up held');
  }

  /** Counts the attempt and takes the row for a while. Answers undefined when it is not this replica's turn. */
  private async claim(row: HeldRow, lease: Lease | undefined): Promise<number | undefined> {
    const [claimed] = await this.commit(async (tx) => {
      await startRound(tx, lease ? [lease] : []);
      return tx.query<{ attempts: number }>(
        `update held_message
         set status = 'retrying', attempts = attempts + 1, last_at = clock_timestamp(),
           next_at = clock_timestamp() + $3 * interval '1 millisecond'
         where id = (
           select id from held_message held
           where id = $1 and attempts = $2 and status in ('waiting', 'retrying')
             and not exists (
               select from held_message older
               where older.key = held.key and older.id < held.id and older.status <> 'discarded')
           for update skip locked)
         returning attempts`,
        [row.id, row.attempts, claimMs],
      );
    });
    return claimed?.attempts;
  }

  /** The effects of the row and its removal, or null when somebody else changed it meanwhile. */
  private async handle(
    tx: Transaction,
    row: HeldRow,
    attempts: number,
    lease: Lease | undefined,
  ): Promise<News | null> {
    const now = await startRound(tx, lease ? [lease] : []);
    const [taken] = await tx.query<TakenRow>(
      `delete from held_message where id = $1 and attempts = $2 and status = 'retrying'
       returning kind, body, correlation_id, causation_id, traceparent`,
      [row.id, attempts],
    );
    if (!taken) return null;
    const command = taken.kind === 'message' ? this.commandOfMessage(taken.body) : jsonOf(taken.body);
    if (command === undefined) return { events: [], armed: 0, held: 0 };
    if (isTask(command)) return { events: [], armed: await askAgain(tx, command), held: 0 };
    const decisions = await Decisions.load(tx, this.participant, [command as Command]);
    await decisions.make(now, [{ command: command as Command, cause: causeOf(taken) }]);
    const armed = await decisions.save(tx);
    return { armed, events: await decisions.append(tx), held: 0 };
  }

  private commandOfMessage(body: Uint8Array): Command | undefined {
    const parsed = parseEvent(body);
    if (parsed.kind !== 'event') throw new UnreadableMessage(parsed.code, parsed.reason);
    return commandOf(this.participant.choreography.reactsTo, parsed.event);
  }

  private async fail(row: HeldRow, attempts: number, { code, reason, stack }: Failure): Promise<'held' | 'dead'> {
    const dead = attempts >= this.policy.attemptsMax;
    await this.commit((tx) =>
      tx.query(
        `update held_message
         set status = $3, code = $4, reason = $5, stack = $6, last_at = clock_timestamp(),
           next_at = clock_timestamp() + $7 * interval '1 millisecond'
         where id = $1 and attempts = $2 and status = 'retrying'`,
        [
          row.id,
          attempts,
          dead ? 'dead' : 'retrying',
          code,
          storable(reason),
          stack === undefined ? null : storable(stack),
          dead ? null : retryDelayMs(this.policy, attempts),
        ],
      ),
    );
    const fields = { id: row.id, key: row.key, type: row.type, messageId: row.messageId, attempts, code, reason };
    if (dead) this.logger.error(fields, 'dead letter: its key is held until a person decides');
    else this.logger.warn(fields, 'held message failed again');
    return dead ? 'dead' : 'held';
  }

  private async whereIs(row: HeldRow): Promise<'handled' | 'held' | 'dead'> {
    const [found] = await this.dataSource.query<{ status: HeldStatus }[]>(
      'select status from held_message where id = $1',
      [row.id],
    );
    if (!found) return 'handled';
    return found.status === 'dead' ? 'dead' : 'held';
  }

  private commit<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return retryTransient(
      () => inTransaction(this.dataSource, 'held', work),
      () => this.metrics.retries.inc(),
    );
  }
}

const processEnded: Failure = {
  code: 'process_ended',
  reason: 'the process ended while this message was handled, each time',
};

interface TakenRow {
  readonly kind: HeldRow['kind'];
  readonly body: Buffer;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly traceparent: string | null;
}

function causeOf({ correlation_id, causation_id, traceparent }: TakenRow): Cause {
  return {
    correlationId: correlation_id,
    causationId: causation_id,
    ...(traceparent === null ? {} : { traceparent }),
  };
}

function jsonOf(body: Buffer): unknown {
  return JSON.parse(body.toString()) as unknown;
}

interface TaskReference {
  readonly task: string;
  readonly stream: string;
}

function isTask(body: unknown): body is TaskReference {
  return typeof body === 'object' && body !== null && 'task' in body && 'stream' in body && !('type' in body);
}

/** Answers whether it was awake, and the state asks for it. */
async function layToRest(tx: Transaction, { stream, task }: HeldWakeUp['entry']): Promise<boolean> {
  const resting = await tx.query(
    `update agenda set due_at = 'infinity', claimed_by = null, claimed_until = null
     where stream = $1 and task is not distinct from $2 and due_at < 'infinity' returning 1`,
    [stream, task],
  );
  return resting.length > 0;
}

/** The task is due again from the first attempt on, if its stream still asks for it. */
async function askAgain(tx: Transaction, { task, stream }: TaskReference): Promise<number> {
  const asked = await tx.query(
    `update agenda set due_at = clock_timestamp(), attempts = 0, claimed_by = null, claimed_until = null
     where stream = $1 and task = $2 returning 1`,
    [stream, task],
  );
  return asked.length;
}

/** Held messages whose types their user need not know. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the loops pass commands, states and events through unread
export type AnyHeldMessages = HeldMessages<any, any, any>;
