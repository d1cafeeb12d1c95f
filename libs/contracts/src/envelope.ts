import { z } from 'zod';
import { catalogue, definitionOf, type DataOf, type PublicEventType } from './catalogue.js';
import { services, type ServiceName } from './event-definition.js';
import { instant, traceparent, uuid } from './values.js';

/** CloudEvents allows no control characters in an attribute, and the database could not keep U+0000. */
const attribute = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{Cc}*$/u, { error: 'has control characters' });

/**
 * A CloudEvents 1.0 event in structured JSON mode (https://github.com/cloudevents/spec, v1.0.2), with the extensions
 * `correlationid`, `causationid`, `traceparent` (W3C Trace Context) and `sequence` (the event's version in its stream).
 */
export const envelope = z.object({
  specversion: z.literal('1.0'),
  /** UUIDv7 made by the owner; stays the same however often the event is sent. */
  id: uuid,
  /** `/order`, `/inventory` or `/payment`. */
  source: z.string().regex(/^\/[a-z-]+$/),
  type: z.string().regex(/^[a-z-]+\.[a-z-]+\.v[1-9][0-9]*$/),
  /** The order id: the key by which order is kept. */
  subject: uuid,
  time: instant,
  datacontenttype: z.literal('application/json'),
  dataschema: z.string(),
  correlationid: attribute,
  causationid: attribute,
  traceparent: traceparent.optional(),
  sequence: z.int().positive(),
  data: z.unknown(),
});
export type Envelope = z.infer<typeof envelope>;

/** A public event as a reader gets it: a typed envelope. */
export type PublicEvent<Type extends PublicEventType = PublicEventType> = {
  [T in Type]: Omit<Envelope, 'type' | 'data'> & { readonly type: T; readonly data: DataOf<T> };
}[Type];

/** What a service announces, before the plumbing adds the envelope. Built by `fact`. */
export type Fact<Type extends PublicEventType = PublicEventType> = {
  [T in Type]: { readonly type: T; readonly data: DataOf<T> };
}[Type];

export function fact<Type extends PublicEventType>(type: Type, data: DataOf<Type>): Fact<Type> {
  return { type, data } as Fact<Type>;
}

export interface EnvelopeContext {
  readonly id: string;
  readonly time: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent?: string | undefined;
  readonly sequence: number;
}

/** Wraps a fact for the wire. Throws a `ContractViolation` when the data does not fit its schema: a wrong event is never sent. */
export function buildEvent(owner: ServiceName, fact: Fact, context: EnvelopeContext): PublicEvent {
  const definition = definitionOf(fact.type);
  if (!definition) throw new ContractViolation('unknown_type', `${fact.type} is not in the catalogue`);
  if (definition.owner !== owner)
    throw new ContractViolation('wrong_owner', `${fact.type} belongs to ${definition.owner}, not to ${owner}`);
  const data = definition.data.safeParse(fact.data);
  if (!data.success) throw new ContractViolation('invalid_data', `${fact.type}: ${z.prettifyError(data.error)}`);
  return {
    specversion: '1.0',
    id: context.id,
    source: `/${owner}`,
    type: fact.type,
    subject: data.data.orderId,
    time: context.time,
    datacontenttype: 'application/json',
    dataschema: `urn:quadrille:schema:${fact.type}`,
    correlationid: context.correlationId,
    causationid: context.causationId,
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    sequence: context.sequence,
    data: data.data,
  } as PublicEvent;
}

/**
 * How a body from the wire reads.
 * - `event`: a typed event of the catalogue.
 * - `unreadable`: the envelope is usable and from the right owner, but the data or the version is not understood: its key
 *   is known, so it can be held in order until a newer reader or a mended copy comes.
 * - `garbage`: no usable envelope, or one from somebody who does not own the event: set aside alone.
 */
export type Parsed =
  | { readonly kind: 'event'; readonly event: PublicEvent }
  | { readonly kind: 'unreadable'; readonly envelope: Envelope; readonly code: ViolationCode; readonly reason: string }
  | Garbage;

export interface Garbage {
  readonly kind: 'garbage';
  readonly code: ViolationCode;
  readonly reason: string;
}

export type ViolationCode =
  'not_json' | 'invalid_envelope' | 'unknown_type' | 'wrong_owner' | 'invalid_data' | 'too_large';

export const bodyBytesMax = 1_048_576;
/** More events in one body are not read as such: each costs its reader more than its bytes. */
export const eventsPerMessageMax = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Never throws: what cannot be read is an answer too. Unknown fields of the data are dropped (a tolerant reader). */
export function parseEvent(body: Uint8Array): Parsed {
  const read = readJson(body);
  return read.kind === 'json' ? readEvent(read.json) : read;
}

/** `parseEvent` for a message, of which it may be known already what the body says: then nobody asks for the body. */
export function parseMessage(message: { readonly body: Uint8Array; readonly json?: unknown }): Parsed {
  return message.json === undefined ? parseEvent(message.body) : readEvent(message.json);
}

/** A body as JSON. */
export function readJson(body: Uint8Array): { readonly kind: 'json'; readonly json: unknown } | Garbage {
  if (body.byteLength > bodyBytesMax)
    return {
      kind: 'garbage',
      code: 'too_large',
      reason: `the body has ${body.byteLength} bytes, more than ${bodyBytesMax}`,
    };
  try {
    return { kind: 'json', json: JSON.parse(utf8.decode(body)) };
  } catch (error) {
    return { kind: 'garbage', code: 'not_json', reason: `the body is not JSON: ${(error as Error).message}` };
  }
}

function readEvent(json: unknown): Parsed {
  const parsed = envelope.safeParse(json);
  if (!parsed.success)
    return {
      kind: 'garbage',
      code: 'invalid_envelope',
      reason: `no usable envelope: ${z.prettifyError(parsed.error)}`,
    };
  return parseData(parsed.data);
}

function parseData(envelope: Envelope): Parsed {
  const owner = services.find((service) => envelope.type.startsWith(`${service}.`));
  if (owner && envelope.source !== `/${owner}`)
    return {
      kind: 'garbage',
      code: 'wrong_owner',
      reason: `${envelope.type} belongs to ${owner}, but came from ${envelope.source}`,
    };
  const definition = definitionOf(envelope.type);
  if (!definition) {
    const reason = `${envelope.type} is not known here; known types: ${catalogue.map(({ type }) => type).join(', ')}`;
    return owner
      ? { kind: 'unreadable', envelope, code: 'unknown_type', reason }
      : { kind: 'garbage', code: 'unknown_type', reason };
  }
  const data = definition.data.safeParse(envelope.data);
  if (!data.success)
    return {
      kind: 'unreadable',
      envelope,
      code: 'invalid_data',
      reason: `${envelope.type}: ${z.prettifyError(data.error)}`,
    };
  if (data.data.orderId !== envelope.subject)
    return {
      kind: 'unreadable',
      envelope,
      code: 'invalid_data',
      reason: `the subject ${envelope.subject} is not the order ${data.data.orderId}`,
    };
  return { kind: 'event', event: { ...envelope, data: data.data } as PublicEvent };
}

export class ContractViolation extends Error {
  constructor(
    readonly code: ViolationCode,
    message: string,
  ) {
    super(message);
    this.name = 'ContractViolation';
  }
}
