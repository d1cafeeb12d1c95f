import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ProblemException, type FieldError } from './problem.js';
import { zodBody } from './validation.js';

const body = z.strictObject({
  quantity: z.int().min(1),
  lines: z.array(z.strictObject({ sku: z.string() })).default([]),
});

async function errorsOf(value: unknown): Promise<readonly FieldError[]> {
  const [pipe] = zodBody(body).pipes ?? [];
  if (!pipe || typeof pipe === 'function') throw new Error('zodBody has no pipe');
  try {
    await pipe.transform(value, { type: 'body' });
  } catch (error) {
    if (error instanceof ProblemException && error.problem.code === 'validation_failed')
      return error.problem.errors ?? [];
    throw error;
  }
  return [];
}

describe('a checked body', () => {
  it('passes when it fits', async () => {
    expect(await errorsOf({ quantity: 1, lines: [{ sku: 'A' }] })).toEqual([]);
  });

  it.each([
    ['a missing field', {}, ['quantity invalid_type']],
    ['a wrong type inside a list', { quantity: 1, lines: [{ sku: 'A' }, { sku: 7 }] }, ['lines.1.sku invalid_type']],
    ['unknown fields', { quantity: 1, color: 'red', size: 1 }, ['color unknown_field', 'size unknown_field']],
    ['an unknown field inside', { quantity: 1, lines: [{ sku: 'A', x: 1 }] }, ['lines.0.x unknown_field']],
    ['several faults at once', { quantity: 0, lines: {} }, ['quantity too_small', 'lines invalid_type']],
    ['no body at all', undefined, [' invalid_type']],
    ['something else', 'text', [' invalid_type']],
  ])('is refused for %s, by field', async (_, value, expected) => {
    expect((await errorsOf(value)).map(({ path, code }) => `${path} ${code}`)).toEqual(expected);
  });

  it('must be declared strict, down to the last object', () => {
    expect(() => zodBody(z.object({ a: z.string() }))).toThrow('use z.strictObject');
    expect(() => zodBody(z.strictObject({ a: z.array(z.object({ b: z.string() })) }))).toThrow('use z.strictObject');
    expect(() => zodBody(z.strictObject({ properties: z.record(z.string(), z.unknown()) }))).not.toThrow();
  });
});
