import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { newId, type Cause } from '@quadrille/event-log';
import { currentTraceparent, formatTraceparent, parseTraceparent } from '@quadrille/observability';
import type { HttpRequest } from './http-request.js';

interface Origin {
  readonly correlationId: string;
  readonly causationId: string;
}

const origins = new WeakMap<object, Origin>();

/**
 * The cause of what a request sets off, the same however often it is asked for: the client's `x-correlation-id` if it sent a usable
 * one, an id of the request itself, and the present span or else the client's `traceparent`, as version 00 writes it: that is what
 * the contracts take, and what a later version has more of nobody here could read.
 */
export function requestCause(request: HttpRequest): Cause {
  const { traceparent: sent } = request.headers;
  const fromClient = typeof sent === 'string' ? parseTraceparent(sent) : undefined;
  const traceparent = currentTraceparent() ?? (fromClient && formatTraceparent(fromClient));
  return { ...originOf(request), ...(traceparent === undefined ? {} : { traceparent }) };
}

/** `requestCause` as a handler's parameter. */
export const RequestCause = createParamDecorator((_: unknown, context: ExecutionContext): Cause =>
  requestCause(context.switchToHttp().getRequest<HttpRequest>()),
);

function originOf(request: HttpRequest): Origin {
  const known = origins.get(request);
  if (known) return known;
  const sent = request.headers['x-correlation-id'];
  const correlationId = typeof sent === 'string' && /^[\x21-\x7e]{1,255}$/.test(sent) ? sent : newId();
  const origin = { correlationId, causationId: newId() };
  origins.set(request, origin);
  return origin;
}
