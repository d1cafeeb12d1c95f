import { describe, expect, it } from '@jest/globals';
import { fact, type Choreography } from '@quadrille/contracts';
import { announcements } from './announcements.js';

type Event = { readonly type: 'Reserved'; readonly orderId: string } | { readonly type: 'Received' };

const orderId = '0198c5a0-0000-7000-8000-000000000001';
const lines = [{ sku: 'TEAPOT', quantity: 1 }];
const samples = { Reserved: { type: 'Reserved', orderId }, Received: { type: 'Received' } } as const;

const table: Choreography<never, Event> = {
  service: 'inventory',
  reactsTo: {},
  publishes: { Reserved: ({ orderId }) => fact('inventory.stock-reserved.v1', { orderId, lines }), Received: null },
  announces: ['inventory.stock-reserved.v1'],
};

describe('what a choreography table announces', () => {
  it('is wrapped for the wire, and what the table keeps to itself is left out', () => {
    expect(announcements(table, samples)).toMatchObject([
      { type: 'inventory.stock-reserved.v1', data: { orderId, lines } },
    ]);
  });

  it('is refused when a fact does not fit its contract', () => {
    expect(() => announcements(table, { ...samples, Reserved: { type: 'Reserved', orderId: 'one' } })).toThrow(
      'orderId',
    );
  });

  it("is refused when it is another service's event", () => {
    const borrowed: typeof table = { ...table, service: 'payment' };

    expect(() => announcements(borrowed, samples)).toThrow('inventory.stock-reserved.v1');
  });
});
