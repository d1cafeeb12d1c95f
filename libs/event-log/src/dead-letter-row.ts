import { parseTraceparent } from '@quadrille/observability';
import type { HeldStatus } from './held-store.js';
import type { Cause } from './round-types.js';

/** What a person sees of a held message. */
export interface DeadLetter {
  readonly id: string;
  /** Where it is held. */
  readonly service: string;
  readonly key: string;
  readonly kind: 'message' | 'wake-up';
  readonly messageId: string | null;
  readonly type: string;
  readonly status: HeldStatus;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  readonly traceId: string | null;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly nextAt: string | null;
  readonly cause: Cause;
}

export interface DeadLetterDetails extends DeadLetter {
  readonly body: string;
  readonly stack: string | null;
  readonly edited: {
    readonly by: string;
    readonly at: string;
    readonly reason: string;
    readonly originalBody: string;
  } | null;
  readonly replayed: { readonly by: string; readonly at: string } | null;
  readonly closed: { readonly by: string; readonly at: string; readonly reason: string } | null;
}

/** A row of `held_message`. */
export interface HeldMessageRow {
  readonly id: string;
  readonly key: string;
  readonly kind: DeadLetter['kind'];
  readonly message_id: string | null;
  readonly type: string;
  readonly body: Buffer;
  readonly original_body: Buffer | null;
  readonly edited_by: string | null;
  readonly edited_at: Date | null;
  readonly edit_reason: string | null;
  readonly status: HeldStatus;
  readonly code: string;
  readonly reason: string;
  readonly stack: string | null;
  readonly attempts: number;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly traceparent: string | null;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly next_at: Date | null;
  readonly replayed_by: string | null;
  readonly replayed_at: Date | null;
  readonly closed_by: string | null;
  readonly closed_at: Date | null;
  readonly closed_reason: string | null;
}

export function letterOf(row: HeldMessageRow, service: string): DeadLetter {
  return {
    id: row.id,
    service,
    key: row.key,
    kind: row.kind,
    messageId: row.message_id,
    type: row.type,
    status: row.status,
    code: row.code,
    reason: row.reason,
    attempts: row.attempts,
    traceId: (row.traceparent !== null && parseTraceparent(row.traceparent)?.traceId) || null,
    firstAt: row.first_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    nextAt: row.next_at?.toISOString() ?? null,
    cause: {
      correlationId: row.correlation_id,
      causationId: row.causation_id,
      ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
    },
  };
}

export function detailsOf(row: HeldMessageRow, service: string): DeadLetterDetails {
  return {
    ...letterOf(row, service),
    body: row.body.toString(),
    stack: row.stack,
    edited:
      row.edited_by !== null && row.edited_at && row.original_body
        ? {
            by: row.edited_by,
            at: row.edited_at.toISOString(),
            reason: row.edit_reason ?? '',
            originalBody: row.original_body.toString(),
          }
        : null,
    replayed:
      row.replayed_by !== null && row.replayed_at ? { by: row.replayed_by, at: row.replayed_at.toISOString() } : null,
    closed:
      row.closed_by !== null && row.closed_at
        ? { by: row.closed_by, at: row.closed_at.toISOString(), reason: row.closed_reason ?? '' }
        : null,
  };
}
