import { randomUUID } from 'node:crypto';
import { serialize } from 'node:v8';
import { parseTraceparent } from '@quadrille/observability';
import type { Message } from 'amqplib';
import type { OutgoingMessage } from './confirmed-channel.js';

/** The headers that a message gets when it is set aside, and loses when it is replayed. */
export const setAsideHeaders = {
  reason: 'reason',
  stack: 'stack',
  service: 'service',
  attempt: 'attempt',
  traceId: 'trace-id',
  firstFailedAt: 'first-failed-at',
  setAsideAt: 'set-aside-at',
  /** Where a replay publishes it, so that only the service that set it aside gets it again. */
  replayExchange: 'replay-exchange',
  replayRoutingKey: 'replay-routing-key',
} as const;

export interface Address {
  readonly exchange: string;
  readonly routingKey: string;
}

export interface SetAsideBecause {
  readonly reason: string;
  readonly stack?: string | undefined;
  readonly service: string;
  /** Which attempt failed last, counted from 1. */
  readonly attempt: number;
  readonly firstFailedAt?: string | undefined;
}

/** All headers have to fit one frame, and the 64 KiB in which amqplib builds them; a character takes up to three bytes. */
const reasonCharactersMax = 4_000;
const stackCharactersMax = 8_000;
const originalHeaderBytesMax = 8_192;
/** Of an AMQP short string, as which properties and the names of headers are sent. */
const shortBytesMax = 255;

export function setAsideCopy(
  original: Message,
  target: Address,
  replayTo: Address,
  { reason, stack, service, attempt, firstFailedAt }: SetAsideBecause,
): OutgoingMessage {
  const now = new Date().toISOString();
  const copy = copyOf(original, target);
  const traceparent = copy.headers['traceparent'];
  const traceId = typeof traceparent === 'string' ? parseTraceparent(traceparent)?.traceId : undefined;
  return {
    ...copy,
    headers: {
      ...copy.headers,
      [setAsideHeaders.reason]: reason.slice(0, reasonCharactersMax),
      ...(stack === undefined ? {} : { [setAsideHeaders.stack]: stack.slice(0, stackCharactersMax) }),
      [setAsideHeaders.service]: service,
      [setAsideHeaders.attempt]: attempt,
      ...(traceId === undefined ? {} : { [setAsideHeaders.traceId]: traceId }),
      [setAsideHeaders.firstFailedAt]: firstFailedAt ?? now,
      [setAsideHeaders.setAsideAt]: now,
      [setAsideHeaders.replayExchange]: replayTo.exchange,
      [setAsideHeaders.replayRoutingKey]: replayTo.routingKey,
    },
  };
}

/** The same message for another address, without what was added when it was set aside. */
export function copyOf(original: Message, target: Address): OutgoingMessage {
  const { properties } = original;
  return {
    ...target,
    body: original.content,
    messageId: text(properties.messageId) ?? randomUUID(),
    type: text(properties.type),
    contentType: text(properties.contentType) ?? 'application/octet-stream',
    correlationId: text(properties.correlationId),
    headers: headersToKeep(properties.headers ?? {}),
  };
}

/** With them go the sender's further routing keys: a copy has one address, and theirs would lead it back to where it failed. */
const added = new Set<string>([...Object.values(setAsideHeaders), 'CC', 'BCC']);

/**
 * The broker counts deliveries and deaths in headers of its own, which would be wrong in a copy. And a stranger's headers may be
 * what cannot be sent again: such a one is not kept, and none of too many, because a message that cannot be copied would never
 * leave its queue.
 */
function headersToKeep(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(headers).filter(
    ([name, value]) => !name.startsWith('x-') && !added.has(name) && isShort(name) && isSendable(value),
  );
  return serialize(own).byteLength > originalHeaderBytesMax ? {} : Object.fromEntries(own);
}

/**
 * Whether amqplib can encode what it has decoded. It reads doubles and timestamps that it refuses to write (whatever is below
 * 2^50 and no integer it takes for a double), and a table with the key `!` it takes for a value with a type of its own.
 */
function isSendable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || (value % 1 !== 0 && Math.abs(value) < 2 ** 50);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return true;
  if (Array.isArray(value)) return value.every(isSendable);
  if ('!' in value) return value['!'] === 'timestamp' && 'value' in value && Number.isSafeInteger(value.value);
  return Object.entries(value).every(([name, inner]) => isShort(name) && isSendable(inner));
}

/** What is no UTF-8 becomes longer when it is read. */
function isShort(text: string): boolean {
  return Buffer.byteLength(text) <= shortBytesMax;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && isShort(value) ? value : undefined;
}
