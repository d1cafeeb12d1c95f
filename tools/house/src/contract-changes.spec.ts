import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { breakingChanges, type Released } from './contract-changes.js';
import { currentContracts, releasedContracts } from './released.js';

const line = z.object({ sku: z.string(), quantity: z.int().min(1).max(1000) });
const before = z.object({
  orderId: z.uuid(),
  reason: z.enum(['late', 'lost']),
  lines: z.array(line),
  note: z.string().optional(),
});
const contract = (data: z.ZodType, more: Partial<Released> = {}): Released => ({
  type: 'order.returned.v1',
  owner: 'order',
  summary: 'The customer sent it back.',
  schema: z.toJSONSchema(data, { io: 'input' }) as Released['schema'],
  ...more,
});
const changes = (now: Released[]) => breakingChanges([contract(before)], now).map(({ path, why }) => `${path}: ${why}`);

describe('a contract that was released', () => {
  it('is still what it was, in the catalogue', () => {
    expect(breakingChanges(releasedContracts(), currentContracts())).toEqual([]);
  });

  it('exists for every type of the catalogue', () => {
    expect(releasedContracts().map(({ type }) => type)).toEqual(
      expect.arrayContaining(currentContracts().map(({ type }) => type)),
    );
  });

  it.each<[string, Released[]]>([
    ['nothing', [contract(before)]],
    ['an optional field', [contract(before.extend({ gift: z.boolean().optional() }))]],
    [
      'an optional field deep inside',
      [contract(before.extend({ lines: z.array(line.extend({ gift: z.boolean().optional() })) }))],
    ],
    [
      'a new version beside it',
      [contract(before), contract(z.object({ orderId: z.uuid() }), { type: 'order.returned.v2' })],
    ],
  ])('may gain %s', (_what, now) => {
    expect(changes(now)).toEqual([]);
  });

  it.each<[string, Released[], RegExp]>([
    ['lose a field', [contract(before.omit({ note: true }))], /data\.note: the field was removed/],
    ['gain a required field', [contract(before.extend({ by: z.string() }))], /data\.by: a required field was added/],
    ['make a field required', [contract(before.extend({ note: z.string() }))], /data\.note: the field became required/],
    ['make a field optional', [contract(before.partial({ lines: true }))], /data\.lines: the field became optional/],
    [
      'narrow a type',
      [contract(before.extend({ note: z.string().max(3).optional() }))],
      /data\.note: maxLength changed/,
    ],
    ['change a type', [contract(before.extend({ note: z.number().optional() }))], /data\.note: type changed/],
    [
      'tighten a bound deep inside',
      [contract(before.extend({ lines: z.array(line.extend({ quantity: z.int().min(1).max(10) })) }))],
      /data\.lines\[\]\.quantity: maximum changed/,
    ],
    [
      'lose a value',
      [contract(before.extend({ reason: z.enum(['late']) }))],
      /data\.reason: the value "lost" was removed/,
    ],
    [
      'gain a value',
      [contract(before.extend({ reason: z.enum(['late', 'lost', 'sad']) }))],
      /data\.reason: the value "sad" was added/,
    ],
    [
      'mean something else',
      [contract(before, { summary: 'We sent it back.' })],
      /its meaning .* changed without a new version/,
    ],
    ['change hands', [contract(before, { owner: 'payment' })], /the owner changed from order to payment/],
    ['go away', [], /the version is gone/],
  ])('may not %s', (_what, now, why) => {
    expect(changes(now).join('\n')).toMatch(why);
  });
});
