import type { DataSource } from 'typeorm';
import type { Cause } from './round-types.js';
import { rows } from './sql.js';

/** A deadline that is due, or a task to do. */
export interface AgendaEntry {
  readonly stream: string;
  readonly task: string | null;
  readonly command: unknown;
  readonly attempts: number;
  readonly cause: Cause;
}

/** What becomes of a claimed entry that is still awaited. */
export interface AgendaRelease {
  readonly stream: string;
  /** How often it was tried by now without getting anywhere. */
  readonly attempts: number;
  readonly delayMs: number;
}

interface Row {
  readonly stream: string;
  readonly task: string | null;
  readonly command: unknown;
  readonly attempts: number;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly traceparent: string | null;
}

/**
 * One replica's claims on the entries of the agenda, on the database's clock. However many wait, only those that are due or
 * named are read: what is due by an index, for which its time must not be volatile as `clock_timestamp()` is, and what is named
 * by its stream, since `is not distinct from` is served by no index, and the one by kind would be taken for the better.
 */
export class AgendaClaims {
  constructor(
    private readonly dataSource: DataSource,
    private readonly kind: 'deadline' | 'task',
    private readonly owner: string,
    private readonly leaseMs: number,
  ) {}

  /** Claims up to `limit` entries that are due, the oldest first; nobody else gets them until the claim expires. */
  async claim(limit: number, except: readonly string[] = []): Promise<AgendaEntry[]> {
    const claimed = await rows<Row>(
      this.dataSource,
      `update agenda set claimed_by = $2, claimed_until = clock_timestamp() + $3 * interval '1 millisecond'
       where stream = any (array(
         select stream from agenda
         where kind = $1 and due_at <= statement_timestamp() and stream <> all ($5::text[])
           and (claimed_until is null or claimed_until < clock_timestamp())
         order by due_at limit $4 for update skip locked))
       returning stream, task, command, attempts, correlation_id, causation_id, traceparent`,
      [this.kind, this.owner, this.leaseMs, limit, except],
    );
    return claimed.map(({ stream, task, command, attempts, ...cause }) => ({
      stream,
      task,
      command,
      attempts,
      cause: {
        correlationId: cause.correlation_id,
        causationId: cause.causation_id,
        ...(cause.traceparent === null ? {} : { traceparent: cause.traceparent }),
      },
    }));
  }

  async extend(streams: readonly string[]): Promise<void> {
    if (streams.length === 0) return;
    await rows(
      this.dataSource,
      `update agenda set claimed_until = clock_timestamp() + $4 * interval '1 millisecond'
       where stream = any ($1) and kind is not distinct from $2 and claimed_by = $3`,
      [streams, this.kind, this.owner, this.leaseMs],
    );
  }

  /**
   * Frees what was claimed, for later. Answers with the streams that still ask for it: an entry that the state no longer
   * asks for is gone or replaced, and is left alone.
   */
  async release(entries: readonly AgendaRelease[]): Promise<Set<string>> {
    const left = await rows<{ stream: string }>(
      this.dataSource,
      `update agenda set claimed_by = null, claimed_until = null, attempts = entry_attempts,
         due_at = clock_timestamp() + delay_ms * interval '1 millisecond'
       from unnest($1::text[], $2::int[], $3::float8[]) as entry (entry_stream, entry_attempts, delay_ms)
       where stream = any ($1) and stream = entry_stream and kind is not distinct from $4 and claimed_by = $5
       returning stream`,
      [
        entries.map(({ stream }) => stream),
        entries.map(({ attempts }) => attempts),
        entries.map(({ delayMs }) => delayMs),
        this.kind,
        this.owner,
      ],
    );
    return new Set(left.map(({ stream }) => stream));
  }

  /** Frees what was claimed, for anybody and now: nothing was tried. */
  async giveBack(entries: readonly Pick<AgendaEntry, 'stream'>[]): Promise<void> {
    if (entries.length === 0) return;
    await rows(
      this.dataSource,
      `update agenda set claimed_by = null, claimed_until = null
       where stream = any ($1) and kind is not distinct from $2 and claimed_by = $3`,
      [entries.map(({ stream }) => stream), this.kind, this.owner],
    );
  }
}
