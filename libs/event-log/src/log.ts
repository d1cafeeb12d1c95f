import type { EntityManager } from 'typeorm';
import type { Transaction } from './participant.js';
import type { Cause } from './round-types.js';

/** One row of the log. */
export interface LoggedEvent {
  /** Where it stands among all events of the service: the order of commits. */
  readonly position: number;
  readonly stream: string;
  /** 1, 2, 3 ... within the stream. */
  readonly version: number;
  /** UUIDv7; also the id of what is published of it. */
  readonly id: string;
  /** The private event as the decider made it. */
  readonly event: { readonly type: string };
  /** ISO 8601, UTC, milliseconds. */
  readonly recordedAt: string;
  readonly cause: Cause;
}

export type NewEvent = Omit<LoggedEvent, 'position'>;

/** The advisory lock that makes positions commit order: drawn while holding it, which lasts until the commit. */
export const logLock = 0x71756164;

/**
 * Appends in the given order, and answers with what a reader of the log will see. Nothing of the transaction may follow but
 * its COMMIT, because every other writer waits. The lock comes first: a position that was drawn before it could become visible after a higher one, and a reader
 * that goes by position would skip it for ever.
 */
export async function appendToLog(tx: Transaction, events: readonly NewEvent[]): Promise<LoggedEvent[]> {
  if (events.length === 0) return [];
  const rows = await tx.query<{ id: string; position: string }>(
    // No row reaches its nextval that has not met the lock's.
    `with turn as materialized (select pg_advisory_xact_lock(${logLock}))
     insert into log
       (position, stream, version, id, type, data, recorded_at, correlation_id, causation_id, traceparent)
     select nextval('log_position'), stream, version, id, type, data, recorded_at, correlation_id, causation_id, traceparent
     from turn, unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::text[], $8::text[],
       $9::text[]) with ordinality
       as event (stream, version, id, type, data, recorded_at, correlation_id, causation_id, traceparent, place)
     order by place returning id, position`,
    [
      events.map(({ stream }) => stream),
      events.map(({ version }) => version),
      events.map(({ id }) => id),
      events.map(({ event }) => event.type),
      events.map(({ event: { type: _, ...data } }) => JSON.stringify(data)),
      events.map(({ recordedAt }) => recordedAt),
      events.map(({ cause }) => cause.correlationId),
      events.map(({ cause }) => cause.causationId),
      events.map(({ cause }) => cause.traceparent ?? null),
    ],
  );
  // By id: in which order rows are returned is not promised.
  const positions = new Map(rows.map(({ id, position }) => [id, Number(position)]));
  return events.map((event) => {
    const position = positions.get(event.id);
    if (position === undefined) throw new Error(`the event ${event.id} was appended, and has no position`);
    return { ...event, position };
  });
}

/** The columns of `log` that `loggedEvent` reads. */
export const logColumns =
  'position, stream, version, id, type, data, recorded_at, correlation_id, causation_id, traceparent';

export interface LogRow {
  readonly position: string;
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly recorded_at: Date;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly traceparent: string | null;
}

export function loggedEvent(row: LogRow): LoggedEvent {
  return {
    position: Number(row.position),
    stream: row.stream,
    version: row.version,
    id: row.id,
    event: { ...row.data, type: row.type },
    recordedAt: row.recorded_at.toISOString(),
    cause: {
      correlationId: row.correlation_id,
      causationId: row.causation_id,
      ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
    },
  };
}

/** Everything that happened in one stream, oldest first. */
export async function readStream(manager: EntityManager, stream: string): Promise<LoggedEvent[]> {
  const rows = await manager.query<LogRow[]>(`select ${logColumns} from log where stream = $1 order by version`, [
    stream,
  ]);
  return rows.map(loggedEvent);
}
