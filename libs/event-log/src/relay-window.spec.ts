import { expect, test } from '@jest/globals';
import { RelayWindow } from './relay-window.js';

test('the checkpoint moves over the settled prefix only, whatever is settled behind a gap', () => {
  const window = new RelayWindow(10);
  for (const position of [11, 12, 15, 16]) window.add(position);

  expect(window.settle(12)).toBe(false);
  expect(window.settle(16)).toBe(false);
  expect(window.checkpoint).toBe(10);
  expect(window.settle(11)).toBe(true);
  expect(window.checkpoint).toBe(12);
  expect(window.span).toBe(2);
  expect(window.settle(15)).toBe(true);
  expect(window.checkpoint).toBe(16);
  expect(window.span).toBe(0);
});

test('it goes on for ever without growing', () => {
  const window = new RelayWindow(0);
  for (let position = 1; position <= 10_000; position++) {
    window.add(position);
    window.settle(position);
  }
  expect(window.checkpoint).toBe(10_000);
  expect(window.span).toBe(0);
});
