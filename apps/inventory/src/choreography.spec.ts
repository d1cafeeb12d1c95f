import { announcements } from '@quadrille/testing';
import { describe, expect, it } from '@jest/globals';
import { choreography } from './choreography.js';

const orderId = '01890a5d-0000-7000-8000-000000000001';
const lines = [{ sku: 'TEAPOT', quantity: 2 }];
const missing = [{ sku: 'TEAPOT', requested: 2, available: 1 }];

describe('the choreography of inventory', () => {
  const announced = announcements(choreography, {
    Reserved: { type: 'Reserved', orderId, lines },
    Rejected: { type: 'Rejected', orderId, missing },
    Committed: { type: 'Committed', orderId, lines },
    Released: { type: 'Released', orderId, lines, from: 'committed' },
    Closed: { type: 'Closed', orderId },
    Received: { type: 'Received', sku: 'TEAPOT', quantity: 5 },
  });

  it('announces what it says it announces, and every announcement fits its contract', () => {
    expect(announced.map(({ type }) => type)).toEqual(choreography.announces);
  });

  it('says which lines, and what is missing', () => {
    expect(announced.map(({ data }) => data)).toEqual([
      { orderId, lines },
      { orderId, missing },
      { orderId, lines },
      { orderId, lines },
    ]);
  });
});
