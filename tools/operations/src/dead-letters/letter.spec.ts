import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../command-line/ends.js';
import { matches } from './broker-letters.js';
import { addressOf, type LetterDetails } from './letter.js';
import { Pace } from './pace.js';

describe('the id of a letter', () => {
  it.each([
    ['inventory:12', [], { place: 'service', service: 'inventory', id: '12' }],
    ['12', ['order'] as const, { place: 'service', service: 'order', id: '12' }],
    ['broker:payment:a:b', [], { place: 'broker', service: 'payment', messageId: 'a:b' }],
    ['listener:newsletter:a', [], { place: 'listener', service: 'newsletter', messageId: 'a' }],
  ])('%s says where it is', (id, chosen, expected) => expect(addressOf(id, chosen)).toEqual(expected));

  it.each([
    '12',
    'stock:12',
    'inventory',
    'inventory:x',
    'inventory:1:2',
    'broker:inventory',
    'broker:stock:1',
    'listener::1',
    '',
  ])('%j is refused', (id) => expect(() => addressOf(id, [])).toThrow(UsageError));
});

describe('a letter at the broker', () => {
  const letter: LetterDetails = {
    ...{
      id: 'broker:inventory:1',
      service: 'inventory',
      status: 'dead',
      type: 'x.v1',
      key: null,
      messageId: '1',
      code: 'set_aside',
    },
    ...{
      reason: 'odd',
      attempts: 1,
      traceId: null,
      firstAt: '2026-01-31T12:00:00Z',
      lastAt: null,
      nextAt: null,
      body: 'x',
    },
    ...{ stack: null, edited: null, replayed: null, closed: null },
  };

  it.each([{}, { status: 'dead' }, { code: 'set_aside' }, { type: 'x.v1' }, { olderThan: '2026-01-31T12:00:01Z' }])(
    'passes %j',
    (filter) => expect(matches(letter, filter)).toBe(true),
  );
  it.each([{ status: 'retrying' }, { code: 'x' }, { type: 'y' }, { key: 'k' }, { olderThan: '2026-01-31T12:00:00Z' }])(
    'does not pass %j',
    (filter) => expect(matches(letter, filter)).toBe(false),
  );
});

it('a pace lets nobody go early', async () => {
  const pace = new Pace(50);
  const startedAt = performance.now();
  for (let turn = 0; turn < 6; turn++) await pace.turn();
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(98);
});
