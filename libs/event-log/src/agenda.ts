import type { Awaits } from '@quadrille/contracts';
import { isDeepStrictEqual } from 'node:util';
import type { Transaction } from './participant.js';
import type { Cause } from './round-types.js';

/** What a stream awaited before the round and awaits after it. */
export interface AgendaChange {
  readonly stream: string;
  readonly before: Awaits<unknown> | null;
  readonly after: Awaits<unknown> | null;
  /** The event that made the difference. */
  readonly cause: Cause;
}

/**
 * Keeps the rows of the agenda with the states they belong to. What is still awaited in the same way is left alone, with
 * its attempts and whoever works on it. Answers how many entries are new.
 */
export async function keepAgenda(tx: Transaction, now: string, changes: readonly AgendaChange[]): Promise<number> {
  const changed = changes.filter(({ before, after }) => !isDeepStrictEqual(plain(before), plain(after)));
  const removed = changed.filter(({ after }) => after === null).map(({ stream }) => stream);
  const entries = changed.flatMap(({ stream, after, cause }) => (after ? [{ stream, after, cause }] : []));
  await Promise.all([remove(tx, removed), put(tx, now, entries)]);
  return entries.length;
}

async function remove(tx: Transaction, streams: readonly string[]): Promise<void> {
  if (streams.length > 0) await tx.query('delete from agenda where stream = any ($1)', [streams]);
}

interface Entry extends Pick<AgendaChange, 'stream' | 'cause'> {
  readonly after: Awaits<unknown>;
}

async function put(tx: Transaction, now: string, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.query(
    `insert into agenda (stream, kind, task, command, due_at, correlation_id, causation_id, traceparent)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::timestamptz[], $6::text[], $7::text[],
       $8::text[]) as entry (stream) order by entry.stream collate "C"
     on conflict (stream) do update set
       kind = excluded.kind, task = excluded.task, command = excluded.command, due_at = excluded.due_at, attempts = 0,
       claimed_by = null, claimed_until = null, correlation_id = excluded.correlation_id,
       causation_id = excluded.causation_id, traceparent = excluded.traceparent`,
    [
      entries.map(({ stream }) => stream),
      entries.map(({ after }) => after.kind),
      entries.map(({ after }) => (after.kind === 'task' ? after.task : null)),
      entries.map(({ after }) => (after.kind === 'deadline' ? JSON.stringify(after.command) : null)),
      entries.map(({ after }) => (after.kind === 'deadline' ? after.dueAt : now)),
      entries.map(({ cause }) => cause.correlationId),
      entries.map(({ cause }) => cause.causationId),
      entries.map(({ cause }) => cause.traceparent ?? null),
    ],
  );
}

/** As it is in the database: a state that was loaded and one that was evolved must compare equal. */
function plain(awaits: Awaits<unknown> | null): unknown {
  return JSON.parse(JSON.stringify(awaits)) as unknown;
}
