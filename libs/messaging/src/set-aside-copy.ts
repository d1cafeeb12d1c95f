import { randomUUID } from 'node:crypto';
import type { Message } from 'amqplib';
import type { OutgoingMessage } from './confirmed-channel.js';

/** The headers that a message gets when it is set aside, and loses when it is replayed. */
export const setAsideHeaders = {
  reason: 'reason',
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
  readonly service: string;
  /** Which attempt failed last, counted from 1. */
  readonly attempt: number;
  readonly firstFailedAt?: string | undefined;
}

/** Longer reasons, stacks above all, would not fit the frame that holds all headers. */
const reasonCharactersMax = 4000;

export function setAsideCopy(
  original: Message,
  target: Address,
  replayTo: Address,
  { reason, service, attempt, firstFailedAt }: SetAsideBecause,
): OutgoingMessage {
  const now = new Date().toISOString();
  const copy = copyOf(original, target);
  const traceId = traceIdOf(copy.headers['traceparent']);
  return {
    ...copy,
    headers: {
      ...copy.headers,
      [setAsideHeaders.reason]: reason.slice(0, reasonCharactersMax),
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

/** The same message for another address. */
export function copyOf(original: Message, target: Address): OutgoingMessage {
  const { properties } = original;
  return {
    ...target,
    body: original.content,
    messageId: text(properties.messageId) ?? randomUUID(),
    type: text(properties.type),
    contentType: text(properties.contentType) ?? 'application/octet-stream',
    correlationId: text(properties.correlationId),
    headers: withoutBrokerHeaders(properties.headers ?? {}),
  };
}

/** The broker counts deliveries and deaths in headers of its own: in a copy they would be wrong. */
function withoutBrokerHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-')));
}

/** The trace id of a W3C `traceparent`. */
function traceIdOf(traceparent: unknown): string | undefined {
  return typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
