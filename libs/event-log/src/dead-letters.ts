import { parseEvent } from '@quadrille/contracts';
import { silentLogger, type Logger } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import {
  detailsOf,
  letterOf,
  type DeadLetter,
  type DeadLetterDetails,
  type HeldMessageRow,
} from './dead-letter-row.js';
import type { HeldStatus } from './held-store.js';
import type { Transaction } from './participant.js';
import { retryTransient } from './retries.js';
import { inTransaction } from './transaction.js';

export interface DeadLetterFilter {
  /** Without it: everything that is not discarded. */
  readonly status?: HeldStatus | undefined;
  readonly key?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  /** ISO 8601: first held before this moment. */
  readonly olderThan?: string | undefined;
}

/** An operation that cannot be done as asked; `code` is stable. */
export class DeadLetterRefusal extends Error {
  constructor(
    readonly code: 'not_found' | 'invalid_cursor' | 'wrong_status' | 'not_a_message' | 'invalid_body' | 'other_message',
    message: string,
  ) {
    super(message);
    this.name = 'DeadLetterRefusal';
  }
}

/** Held messages and dead letters for people: to see, mend, replay and discard. The order within each key is kept. */
export class DeadLetters {
  private readonly dataSource: DataSource;
  private readonly service: string;
  private readonly logger: Logger;
  private readonly onDue: () => void;

  constructor(options: {
    readonly dataSource: DataSource;
    /** Whose they are. */
    readonly service: string;
    readonly logger?: Logger | undefined;
    /** Called when something became due by an operation here. */
    readonly onDue?: (() => void) | undefined;
  }) {
    this.dataSource = options.dataSource;
    this.service = options.service;
    this.logger = options.logger ?? silentLogger;
    this.onDue = options.onDue ?? (() => undefined);
  }

  /** Oldest first. `nextCursor` is null at the end. */
  async list({
    limit = 50,
    cursor,
    ...filter
  }: DeadLetterFilter & { readonly limit?: number | undefined; readonly cursor?: string | undefined } = {}): Promise<{
    items: DeadLetter[];
    nextCursor: string | null;
  }> {
    if (cursor !== undefined && !isId(cursor))
      throw new DeadLetterRefusal('invalid_cursor', `${cursor} is not a cursor of this list`);
    const rows = await this.dataSource.query<HeldMessageRow[]>(
      `select * from held_message where ${matches} and ($6::bigint is null or id > $6) order by id limit $7`,
      [...parametersOf(filter), cursor ?? null, limit + 1],
    );
    const items = rows.slice(0, limit).map((row) => letterOf(row, this.service));
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  async show(id: string): Promise<DeadLetterDetails> {
    if (!isId(id)) notFound(id);
    const [row] = await this.dataSource.query<HeldMessageRow[]>('select * from held_message where id = $1', [id]);
    return detailsOf(row ?? notFound(id), this.service);
  }

  /**
   * Mends the body; the one that came is kept beside it. The mended body must be an event that this build understands, with
   * the same id and subject. It is not tried before a replay.
   */
  async edit(
    id: string,
    { body, by, reason }: { readonly body: string | Uint8Array; readonly by: string; readonly reason: string },
  ): Promise<DeadLetterDetails> {
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
    return this.change(id, async (tx, row) => {
      if (row.kind !== 'message') throw new DeadLetterRefusal('not_a_message', `${id} is a ${row.kind}`);
      if (row.status === 'discarded') throw new DeadLetterRefusal('wrong_status', `${id} is discarded`);
      const parsed = parseEvent(bytes);
      if (parsed.kind !== 'event') throw new DeadLetterRefusal('invalid_body', parsed.reason);
      if (parsed.event.subject !== row.key || parsed.event.id !== row.message_id)
        throw new DeadLetterRefusal(
          'other_message',
          `the id must stay ${row.message_id} and the subject ${row.key}; they are ${parsed.event.id} and ${parsed.event.subject}`,
        );
      const edited = await tx.query<HeldMessageRow>(
        `update held_message
         set body = $2, original_body = coalesce(original_body, body), type = $5,
           edited_by = $3, edit_reason = $4, edited_at = clock_timestamp()
         where id = $1 returning *`,
        [id, bytes, by, reason, parsed.event.type],
      );
      this.logger.info({ id, key: row.key, by, reason }, 'dead letter edited');
      return detailsOf(edited[0] ?? notFound(id), this.service);
    });
  }

  /**
   * Gives letters another full set of attempts, from now on. Each still waits for the older ones of its key. Answers how many
   * there are; a letter that was handled meanwhile is not among them and is not handled again.
   */
  async replay(which: string | DeadLetterFilter, { by }: { readonly by: string }): Promise<number> {
    const filter = typeof which === 'string' ? {} : which;
    const id = typeof which === 'string' ? which : null;
    if (id !== null && !isId(id)) notFound(id);
    const replayed = await this.commit((tx) =>
      tx.query<{ id: string }>(
        `update held_message
         set status = 'retrying', attempts = 0, next_at = clock_timestamp(), replayed_by = $7,
           replayed_at = clock_timestamp(), closed_by = null, closed_at = null, closed_reason = null
         where id in (
           select id from held_message
           where ($6::bigint is null and ${matches} and (status = 'dead' or status = $1)) or id = $6
           order by id for update)
         returning id`,
        [...parametersOf(filter), id, by],
      ),
    );
    if (id !== null && replayed.length === 0) notFound(id);
    this.logger.info({ ids: replayed.map((row) => row.id), by }, 'dead letters replayed');
    if (replayed.length > 0) this.onDue();
    return replayed.length;
  }

  /** Gives a letter up, with the reason. The next one of its key proceeds. */
  async discard(
    id: string,
    { by, reason }: { readonly by: string; readonly reason: string },
  ): Promise<DeadLetterDetails> {
    const discarded = await this.change(id, async (tx, { status }) => {
      if (status === 'discarded') throw new DeadLetterRefusal('wrong_status', `${id} is discarded already`);
      const [row] = await tx.query<HeldMessageRow>(
        `update held_message
         set status = 'discarded', next_at = null, closed_by = $2, closed_reason = $3, closed_at = clock_timestamp()
         where id = $1 returning *`,
        [id, by, reason],
      );
      return detailsOf(row ?? notFound(id), this.service);
    });
    this.logger.warn({ id, key: discarded.key, by, reason }, 'dead letter discarded');
    this.onDue();
    return discarded;
  }

  /** For metrics. */
  async counts(): Promise<{ heldKeys: number; oldestHeldSeconds: number; deadLettersOpen: number }> {
    const [counts] = await this.dataSource.query<{ keys: number; oldest: number; dead: number }[]>(
      `select count(distinct key)::int as keys, count(*) filter (where status = 'dead')::int as dead,
         coalesce(extract(epoch from clock_timestamp() - min(first_at)), 0)::float8 as oldest
       from held_message where status <> 'discarded'`,
    );
    return {
      heldKeys: counts?.keys ?? 0,
      oldestHeldSeconds: counts?.oldest ?? 0,
      deadLettersOpen: counts?.dead ?? 0,
    };
  }

  private change<Result>(id: string, work: (tx: Transaction, row: HeldMessageRow) => Promise<Result>): Promise<Result> {
    if (!isId(id)) notFound(id);
    return this.commit(async (tx) => {
      const [row] = await tx.query<HeldMessageRow>('select * from held_message where id = $1 for update', [id]);
      return work(tx, row ?? notFound(id));
    });
  }

  private commit<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return retryTransient(
      () => inTransaction(this.dataSource, 'dead-letters', work),
      (error) => this.logger.debug({ err: error }, 'operation on dead letters tried again'),
    );
  }
}

const matches = `(status = $1 or ($1::text is null and status <> 'discarded')) and ($2::text is null or key = $2)
  and ($3::text is null or type = $3) and ($4::text is null or code = $4)
  and ($5::timestamptz is null or first_at < $5)`;

function parametersOf({ status, key, type, code, olderThan }: DeadLetterFilter): (string | null)[] {
  return [status ?? null, key ?? null, type ?? null, code ?? null, olderThan ?? null];
}

function isId(text: string): boolean {
  return /^[1-9][0-9]{0,17}$/.test(text);
}

function notFound(id: string): never {
  throw new DeadLetterRefusal('not_found', `there is no held message ${id}; it may have been handled`);
}
