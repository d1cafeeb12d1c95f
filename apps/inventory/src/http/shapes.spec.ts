import { describe, expect, it } from '@jest/globals';
import { receiptBody, stockQuery } from './shapes.js';

describe('the body of a receipt', () => {
  it.each([1, 1_000_000])('may be %d pieces', (quantity) => {
    expect(receiptBody.parse({ quantity })).toEqual({ quantity });
  });

  it.each([0, -1, 1.5, 1_000_001, 1e300, '5', null, undefined])('may not be %p pieces', (quantity) => {
    expect(receiptBody.safeParse({ quantity }).error?.issues.at(0)?.path).toEqual(['quantity']);
  });

  it('has no other field', () => {
    expect(receiptBody.safeParse({ quantity: 1, available: 1 }).success).toBe(false);
  });
});

describe('the query of the list of levels', () => {
  it.each([{ limit: '0' }, { limit: '201' }, { limit: 'all' }, { cursor: '' }, { sku: 'MUG-1' }])(
    'refuses %j',
    (query) => {
      expect(stockQuery.safeParse(query).success).toBe(false);
    },
  );
});
