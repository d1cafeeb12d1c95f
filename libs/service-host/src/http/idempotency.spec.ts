import { describe, expect, it } from '@jest/globals';
import { bodyHash, idempotencyKeyOf } from './idempotency.js';

describe('an idempotency key', () => {
  it.each(['a', '0198c7b2-order', '~'.repeat(255)])('may be %s', (key) => {
    expect(idempotencyKeyOf(key)).toBe(key);
  });

  it.each([undefined, ''])('is required: %p is answered so', (header) => {
    expect(() => idempotencyKeyOf(header)).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({
          status: 422,
          code: 'idempotency_key_required',
          errors: [{ path: 'Idempotency-Key', code: 'required', message: 'is required' }],
        }),
      }),
    );
  });

  it.each([
    ['too long', 'k'.repeat(256)],
    ['with a space', 'a b'],
    ['not ASCII', 'clé'],
    ['sent twice', ['a', 'b']],
  ])('must not be %s', (_, header) => {
    expect(() => idempotencyKeyOf(header)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ status: 422, code: 'idempotency_key_invalid' }) }),
    );
  });
});

describe('the hash of a body', () => {
  it('is the same whatever the order of its fields', () => {
    expect(bodyHash({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(bodyHash({ b: [{ d: 3, c: 2 }], a: 1 }));
  });

  it.each([
    ['another value', { a: 2 }],
    ['another type', { a: '1' }],
    ['another field', { b: 1 }],
    ['another order in a list', { a: [2, 1] }],
    ['nothing', undefined],
  ])('differs for %s', (_, body) => {
    expect(new Set([bodyHash({ a: 1 }), bodyHash({ a: [1, 2] }), bodyHash(body)]).size).toBe(3);
  });
});
