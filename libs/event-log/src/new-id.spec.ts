import { expect, test } from '@jest/globals';
import { validate, version } from 'uuid';
import { newId } from './new-id.js';

test('ids are UUIDs of version 7, and none comes twice however many are drawn', () => {
  const ids = Array.from({ length: 5000 }, newId);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  expect(new Set(ids.map((id) => id.slice(-12))).size).toBe(ids.length);
});

test('an id is later than all of an earlier millisecond', async () => {
  const before = newId();
  const startedAt = Date.now();
  while (Date.now() === startedAt) await new Promise((resolve) => setImmediate(resolve));
  expect(newId() > before).toBe(true);
});
