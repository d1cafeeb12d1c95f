import { expect, it } from '@jest/globals';
import { busyMs, parseBusy } from './foreign.js';

it('is busy when it neither idles nor waits for a disk, nor is taken away', () => {
  expect(parseBusy('cpu  100 10 50 9000 700 1 2 33 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n')).toBe(1630);
});

it('knows this machine', () => {
  expect(busyMs()).toBeGreaterThan(0);
});
