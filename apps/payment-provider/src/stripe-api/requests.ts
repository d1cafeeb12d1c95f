import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from './errors.js';
import type { ApiRequest, Reply } from './idempotent-requests.js';

export function requestOf(request: FastifyRequest): ApiRequest {
  const header = request.headers['idempotency-key'];
  const key = Array.isArray(header) ? header[0] : header;
  if (key !== undefined && (key.length === 0 || key.length > 255))
    throw new ApiError(400, {
      type: 'idempotency_error',
      message: 'An idempotency key must have 1 to 255 characters.',
    });
  return { key: key ?? null, method: request.method, path: request.url.split('?')[0] ?? '', form: request.body };
}

/** Sets status and headers, and answers with the body for Nest to send. */
export function send(reply: FastifyReply, { status, body, replayed }: Reply): object {
  void reply.status(status);
  if (replayed) void reply.header('idempotent-replayed', 'true');
  return body;
}
