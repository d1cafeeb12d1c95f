import { describe, expect, it } from '@jest/globals';
import { partitionOf, routingKeyOf, slotCount, slotOf } from './slot.js';

describe('the slot of a subject', () => {
  // These values are on the wire and in brokers' bindings: a change here would split streams in flight.
  it.each([
    ['', 5],
    ['a', 44],
    ['01938f1e-7c00-7a3b-9d52-4f0c2e6a1b10', 6],
    ['01938f1e-7c01-7000-8000-000000000001', 17],
  ])('of %j is fixed for ever', (subject, slot) => {
    expect(slotOf(subject)).toBe(slot);
  });

  it('ends the routing key', () => {
    expect(routingKeyOf({ type: 'order.placed.v1', subject: 'a' })).toBe('order.placed.v1.44');
  });

  it('spreads ids evenly, and so do partitions', () => {
    const counts = new Array<number>(slotCount).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const slot = slotOf(`01938f1e-7c00-7000-8000-${i.toString(16).padStart(12, '0')}`);
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(700);
    expect(Math.max(...counts)).toBeLessThan(1300);
    expect(new Set(Array.from({ length: slotCount }, (_, slot) => partitionOf(slot, 4)))).toEqual(
      new Set([0, 1, 2, 3]),
    );
  });
});
