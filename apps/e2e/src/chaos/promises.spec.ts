import { describe, expect, it } from '@jest/globals';
import type { PlacedOrder } from '../client.js';
import type { Order } from './history.js';
import type { Purchase } from './load.js';
import { brokenPromises } from './promises.js';

const lines = [
  { sku: 'LAMP', quantity: 2 },
  { sku: 'CUP', quantity: 1 },
];
const told: PlacedOrder = { id: 'o1', status: 'pending', reason: null, declineCode: null, totalMinor: 300, version: 1 };
const purchase: Purchase = { customerId: 'ada', key: 'k1', order: { lines }, hot: false, promised: told };
const order: Order = {
  id: 'o1',
  customerId: 'ada',
  status: 'confirmed',
  reason: null,
  totalMinor: 300,
  lines: [...lines].reverse(),
};
const cancelled = { ...order, status: 'cancelled', reason: 'customer_request' };

const words = (purchases: Purchase[], orders: Order[]) => brokenPromises(purchases, orders).map(({ what }) => what);

describe('promises to clients', () => {
  it.each<[string, Partial<Purchase>, Order[]]>([
    ['the order is there as it was asked for', {}, [order]],
    ['the same key was answered with the same order', { promisedAgain: 'o1' }, [order]],
    ['the cancellation took effect', { cancellation: 'answered' }, [cancelled]],
    ['nobody knows whether the cancellation arrived', { cancellation: 'asked' }, [order]],
    [
      'it was seen confirmed, and cancelled afterwards',
      { seen: { ...told, status: 'confirmed' }, cancellation: 'answered' },
      [cancelled],
    ],
  ])('are kept when %s', (_what, change, orders) => {
    expect(words([{ ...purchase, ...change }], orders)).toEqual([]);
  });

  it('are not broken when a client who gave up has an order, or none', () => {
    const { promised: _, ...unanswered } = { ...purchase, failure: 'POST /v1/orders had no answer for 90 s' };
    expect(words([unanswered], [order])).toEqual([]);
    expect(words([unanswered], [])).toEqual([]);
  });

  it.each<[string, Partial<Purchase>, Order[], string]>([
    ['the order does not exist', {}, [], 'does not exist'],
    ['there is a second one', {}, [order, { ...order, id: 'o2' }], 'second order of ada'],
    [
      'the same key was answered with another order',
      { promisedAgain: 'o2' },
      [order],
      'that had been answered with o1',
    ],
    ['it costs something else', {}, [{ ...order, totalMinor: 1 }], '300 was promised'],
    ['it has other lines', {}, [{ ...order, lines: [] }], 'other lines'],
    ['a cancellation was answered and forgotten', { cancellation: 'answered' }, [order], 'is confirmed'],
    ['its end changed', { seen: { ...told, status: 'cancelled' } }, [order], 'was seen cancelled and is confirmed'],
    ['a client was answered with nonsense', { failure: 'was answered 500: {}' }, [order], 'answered 500'],
  ])('are broken when %s', (_what, change, orders, said) => {
    expect(words([{ ...purchase, ...change }], orders).join('\n')).toContain(said);
  });

  it('are broken by an order that nobody placed', () => {
    expect(words([], [order])).toEqual(['was ordered by nobody']);
  });
});
