import { expect, test } from '@jest/globals';
import { shareOf } from './leases.js';

test.each([
  { partitions: 4, replicas: 1, shares: [4] },
  { partitions: 4, replicas: 2, shares: [2, 2] },
  { partitions: 4, replicas: 3, shares: [2, 1, 1] },
  { partitions: 4, replicas: 6, shares: [1, 1, 1, 1, 0, 0] },
])(
  '$partitions partitions among $replicas replicas: nobody starves, all are taken',
  ({ partitions, replicas, shares }) => {
    const ids = Array.from({ length: replicas }, (_, at) => `replica-${at}`);
    expect(ids.map((id) => shareOf(partitions, ids, id))).toEqual(shares);
  },
);

test('a replica whose heartbeat expired has no share', () => {
  expect(shareOf(4, ['replica-1'], 'replica-0')).toBe(0);
});
