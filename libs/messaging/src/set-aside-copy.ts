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
 * larger than what can be sent again: then none is kept, because a message that cannot be copied would never leave its queue.
 */
function headersToKeep(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(headers).filter(([name]) => !name.startsWith('x-') && !added.has(name));
  return serialize(own).byteLength > originalHeaderBytesMax ? {} : Object.fromEntries(own);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
