import { catalogue } from '@quadrille/contracts';
import { messageOf, faultOf } from './faults.js';
import type { Transaction } from './participant.js';
import type { Cause, DeliveryItem } from './round-types.js';

export type HeldStatus = 'waiting' | 'retrying' | 'dead' | 'discarded';

/** Why something is in the held store. */
export interface Failure {
  readonly code: string;
  readonly reason: string;
  readonly stack?: string | undefined;
}

/** What enters the held store. */
export interface NewHeld {
  readonly kind: 'message' | 'wake-up';
  readonly key: string;
  readonly partition: number | null;
  readonly messageId: string | null;
  readonly type: string;
  readonly body: Uint8Array;
  readonly status: Exclude<HeldStatus, 'discarded'>;
  readonly failure: Failure;
  readonly attempts: number;
  /** From now until the next attempt. Null when nothing is to be tried by itself. */
  readonly delayMs: number | null;
  readonly cause: Cause;
}

/** Those of the keys that have something in the store that is neither handled nor discarded. */
export async function heldAmong(tx: Transaction, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const held = await tx.query<{ key: string }>(
    `select distinct key from held_message where key = any ($1) and status <> 'discarded'`,
    [keys],
  );
  return new Set(held.map(({ key }) => key));
}

/** Ids, and so the order within each key, are given in the order of `rows`. A message that is here already stays as it is. */
export async function insertHeld(tx: Transaction, rows: readonly NewHeld[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into held_message
       (key, partition, kind, message_id, type, body, status, code, reason, stack, attempts, next_at,
        correlation_id, causation_id, traceparent)
     select key, partition, kind, message_id, type, body, status, code, reason, stack, attempts,
       clock_timestamp() + delay_ms * interval '1 millisecond', correlation_id, causation_id, traceparent
     from unnest($1::text[], $2::int[], $3::text[], $4::uuid[], $5::text[], $6::bytea[], $7::text[], $8::text[],
       $9::text[], $10::text[], $11::int[], $12::float8[], $13::text[], $14::text[], $15::text[]) with ordinality
       as held (key, partition, kind, message_id, type, body, status, code, reason, stack, attempts, delay_ms,
         correlation_id, causation_id, traceparent, place)
     order by place
     on conflict (message_id) do nothing`,
    [
      rows.map(({ key }) => key),
      rows.map(({ partition }) => partition),
      rows.map(({ kind }) => kind),
      rows.map(({ messageId }) => messageId),
      rows.map(({ type }) => type),
      rows.map(({ body }) => Buffer.from(body)),
      rows.map(({ status }) => status),
      rows.map(({ failure }) => failure.code),
      rows.map(({ failure }) => storable(failure.reason)),
      rows.map(({ failure }) => (failure.stack === undefined ? null : storable(failure.stack))),
      rows.map(({ attempts }) => attempts),
      rows.map(({ delayMs }) => delayMs),
      rows.map(({ cause }) => cause.correlationId),
      rows.map(({ cause }) => cause.causationId),
      rows.map(({ cause }) => cause.traceparent ?? null),
    ],
  );
}

/**
 * Versions of one fact share its id, and the inbox takes the first, which may be one that this build does not know. What is
 * held in such a version gives way to a copy that can be read, and is due at once. What a person has closed stays closed.
 */
export async function replaceUnknown(tx: Transaction, copies: readonly DeliveryItem[]): Promise<void> {
  if (copies.length === 0) return;
  await tx.query(
    `update held_message held
     set type = copy.type, body = copy.body, status = 'retrying', attempts = 0, next_at = clock_timestamp()
     from unnest($1::uuid[], $2::text[], $3::bytea[]) as copy (message_id, type, body)
     where held.message_id = any ($1) and held.message_id = copy.message_id and held.type <> all ($4)
       and held.status <> 'discarded'`,
    [
      copies.map(({ messageId }) => messageId),
      copies.map(({ type }) => type),
      copies.map(({ message }) => Buffer.from(message.body)),
      catalogue.map(({ type }) => type),
    ],
  );
}

/** A message that queues up behind an earlier one of its key. */
export function waitingRow(item: DeliveryItem): NewHeld {
  const failure = { code: 'key_held', reason: 'an earlier message of this key is held' };
  return { ...messageOfDelivery(item), status: 'waiting', failure, attempts: 0, delayMs: null };
}

/** A message whose first attempt failed. */
export function failedRow(item: DeliveryItem, failure: Failure, delayMs: number): NewHeld {
  return { ...messageOfDelivery(item), status: 'retrying', failure, attempts: 1, delayMs };
}

/** A message that nobody tries again before a person says so. */
export function deadRow(item: DeliveryItem, failure: Failure, attempts: number): NewHeld {
  return { ...messageOfDelivery(item), status: 'dead', failure, attempts, delayMs: null };
}

function messageOfDelivery({ messageId, key, partition, type, message, cause }: DeliveryItem) {
  return { kind: 'message' as const, key, partition, messageId, type, body: message.body, cause };
}

/** A message that is not understood here, or not any more. */
export class UnreadableMessage extends Error {
  constructor(
    readonly code: string,
    reason: string,
  ) {
    super(reason);
    this.name = 'UnreadableMessage';
  }
}

export function failureOf(error: unknown): Failure {
  const { code, name } = faultOf(error);
  return {
    code: typeof code === 'string' ? code : (name ?? 'unknown'),
    reason: messageOf(error),
    stack: error instanceof Error && !(error instanceof UnreadableMessage) ? error.stack : undefined,
  };
}

const textMax = 8000;

/** PostgreSQL's text knows no NUL, and a reason that cannot be stored would leave its message without a place. */
export function storable(text: string): string {
  return Buffer.from(text.slice(0, textMax).replaceAll('\0', '\u{fffd}')).toString();
}
