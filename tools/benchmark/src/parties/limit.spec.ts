import { expect, it } from '@jest/globals';
import { parsePgbench } from './limit.js';

const output = (failed: number) => `transaction type: saga.sql
number of clients: 16
number of transactions actually processed: 2630
number of failed transactions: ${failed} (0.000%)
latency average = 12.1 ms
tps = 1314.532100 (without initial connection time)
`;

it("reads pgbench's account", () => {
  expect(parsePgbench(output(0))).toEqual({ sagas: 2630, ordersPerSecond: 1314.5321 });
});

it('has no result when a saga failed, or when nothing was measured', () => {
  expect(() => parsePgbench(output(3))).toThrow('pgbench failed');
  expect(() => parsePgbench('could not connect')).toThrow('pgbench failed');
});
