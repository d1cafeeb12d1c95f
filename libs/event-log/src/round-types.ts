import type { PublicEvent, Refusal, ViolationCode } from '@quadrille/contracts';
import type { IncomingMessage } from './deliveries.js';

/** Who set a decision off: kept in the log's rows and sent on with every event. */
export interface Cause {
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent?: string | undefined;
}

/** The right to work on a partition, checked in every consumer round under a share lock. */
export interface Lease {
  readonly partition: number;
  readonly owner: string;
  readonly epoch: number;
}

/** A message that reached this service by the broker, or again from the held store. */
export interface DeliveryItem {
  readonly kind: 'delivery';
  readonly messageId: string;
  /** The subject: the order id. */
  readonly key: string;
  readonly partition: number;
  readonly type: string;
  /** As it came: its body is kept when the message must be held. */
  readonly message: Pick<IncomingMessage, 'body'>;
  readonly content:
    | { readonly kind: 'event'; readonly event: PublicEvent }
    /** Cannot be read here: held by key. */
    | { readonly kind: 'unreadable'; readonly code: ViolationCode; readonly reason: string };
  readonly cause: Cause;
}

/** A command from HTTP. What waits together commits together. */
export interface RequestItem<Command, State> {
  readonly kind: 'request';
  readonly command: Command;
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly bodyHash: string } | undefined;
  /** What the caller is answered, and what the same key is answered again: JSON. */
  readonly answer: (state: State, version: number) => unknown;
  readonly cause: Cause;
}

/** A deadline that is due, or a worker's answer. */
export interface WakeUpItem<Command, State> {
  readonly kind: 'wake-up';
  readonly command: Command;
  /** What its outcome tells of the state that the decision led to. */
  readonly answer?: ((state: State, version: number) => unknown) | undefined;
  readonly cause: Cause;
}

export type RoundItem<Command, State> = DeliveryItem | RequestItem<Command, State> | WakeUpItem<Command, State>;

export type Outcome =
  /** Decided and committed (`events` may be 0). For requests `answer` is what to send, for wake-ups what they asked. */
  | { readonly kind: 'decided'; readonly events: number; readonly answer?: unknown }
  /** The same idempotency key with the same body was answered before: here is that answer. */
  | { readonly kind: 'replayed'; readonly answer: unknown }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The inbox knew the message: nothing happened. */
  | { readonly kind: 'duplicate' }
  /** In the held store now: with the code of its failure, or without one because its key was held already. */
  | { readonly kind: 'held'; readonly code?: string | undefined }
  /** A request or wake-up that met a fault (not a refusal): nothing was stored, the caller decides what to do. */
  | { readonly kind: 'failed'; readonly error: Error };
