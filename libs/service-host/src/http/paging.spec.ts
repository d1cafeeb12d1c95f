import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from './paging.js';

const position = z.strictObject({ after: z.string() });

describe('a cursor', () => {
  it('gives back the position it was made of, and fits into a URL', () => {
    const cursor = encodeCursor({ after: 'größer/?+' });
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeCursor(cursor, position)).toEqual({ after: 'größer/?+' });
  });

  it.each([
    ['not base64', '%%%'],
    ['not JSON', Buffer.from('{').toString('base64url')],
    ["another list's", encodeCursor({ before: 1 })],
    ['null', encodeCursor(null)],
  ])('is answered with 422 when it is %s', (_, cursor) => {
    expect(() => decodeCursor(cursor, position)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ status: 422, code: 'invalid_cursor' }) }),
    );
  });
});

describe('a page', () => {
  it('has a next one only when a row more than the limit was found', () => {
    const page = pageOf(
      ['a', 'b', 'c'],
      2,
      (row) => row.toUpperCase(),
      (after) => ({ after }),
    );
    expect(page.items).toEqual(['A', 'B']);
    expect(decodeCursor(page.nextCursor ?? '', position)).toEqual({ after: 'b' });
    expect(
      pageOf(
        ['a', 'b'],
        2,
        (row) => row,
        (after) => ({ after }),
      ).nextCursor,
    ).toBeNull();
  });

  const query = z.strictObject(pageQuery);

  it('has 50 items unless told otherwise, and 200 at most', () => {
    expect(query.parse({})).toEqual({ limit: 50 });
    expect(query.parse({ limit: '200' })).toEqual({ limit: 200 });
  });

  it.each(['0', '201', '-1', '1.5', 'ten', ''])('cannot have %p items', (limit) => {
    expect(query.safeParse({ limit }).success).toBe(false);
  });
});
