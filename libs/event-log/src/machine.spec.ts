import { beforeEach, expect, it } from '@jest/globals';
import { cpus } from 'node:os';
import { Machine, processorTimes } from './machine.js';

let nowMs: number;
let times: { idle: number; busy: number };
let machine: Machine;

beforeEach(() => {
  nowMs = 5000;
  times = { idle: 100_000, busy: 20_000 };
  machine = new Machine(
    () => times,
    () => nowMs,
  );
});

/** Two processors, for so long. */
function passes(ms: number, { idle }: { idle: number }) {
  nowMs += ms;
  times = { idle: times.idle + idle, busy: times.busy + 2 * ms - idle };
}

it('is full when its processors had less than a tenth of the time to spare', () => {
  passes(1000, { idle: 199 });
  expect(machine.isFull).toBe(true);
});

it('is not full when they had a tenth, however busy it was before', () => {
  passes(1000, { idle: 0 });
  expect(machine.isFull).toBe(true);
  passes(1000, { idle: 200 });
  expect(machine.isFull).toBe(false);
});

it('is what it was for a second, whatever happens meanwhile', () => {
  expect(machine.isFull).toBe(false);
  passes(999, { idle: 0 });
  expect(machine.isFull).toBe(false);
  passes(1, { idle: 0 });
  expect(machine.isFull).toBe(true);
});

it('knows the real processors, and idleness from work', () => {
  const idle = () => cpus().reduce((sum, { times }) => sum + times.idle, 0);
  const user = () => cpus().reduce((sum, { times }) => sum + times.user, 0);
  const before = { idle: idle(), user: user() };
  const times = processorTimes();
  expect(times.idle).toBeGreaterThanOrEqual(before.idle);
  expect(times.idle).toBeLessThanOrEqual(idle());
  expect(times.busy).toBeGreaterThanOrEqual(before.user);
});
