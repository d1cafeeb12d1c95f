import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { HttpRequest } from './http-request.js';
import { invalidFields } from './problem.js';

/** The `Idempotency-Key` header: required, 1 to 255 visible ASCII characters; otherwise 422. */
export const IdempotencyKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): string =>
    idempotencyKeyOf(context.switchToHttp().getRequest<HttpRequest>().headers['idempotency-key']),
  [
    (target, handler) => {
      if (handler === undefined) return;
      const descriptor = Object.getOwnPropertyDescriptor(target, handler);
      const header = {
        name: 'Idempotency-Key',
        required: true,
        schema: { type: 'string', minLength: 1, maxLength: 255 },
      };
      if (descriptor) ApiHeader(header)(target, handler, descriptor);
    },
  ],
);

export function idempotencyKeyOf(header: string | string[] | undefined): string {
  const path = 'Idempotency-Key';
  if (header === undefined || header === '')
    throw invalidFields([{ path, code: 'required', message: 'is required' }], 'idempotency_key_required');
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header))
    throw invalidFields(
      [{ path, code: 'invalid_format', message: 'must be 1 to 255 visible ASCII characters' }],
      'idempotency_key_invalid',
    );
  return header;
}

/** Equal for bodies that mean the same: SHA-256 over the JSON with its object keys in order. */
export function bodyHash(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(body, inKeyOrder) ?? '')
    .digest('hex');
}

function inKeyOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
