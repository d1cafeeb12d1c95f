import { z } from 'zod';
import { invalidFields } from './problem.js';

/** The query of every list, to spread into a strict object: `z.strictObject({ ...pageQuery, status: … })`. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(200))
    .default(50),
  cursor: z.string().min(1).max(2_000).optional(),
};

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opaque; null on the last page. */
  readonly nextCursor: string | null;
}

/** Makes a page of up to `limit` items from rows that were read with `limit + 1`. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  cursorOf: (last: Row) => unknown,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : null;
  return { items: shown.map(toItem), nextCursor };
}

/** Where the next page begins, as text that a client hands back unread. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position inside a cursor; 422 `invalid_cursor` for one that `encodeCursor` did not make, or not for this list. */
export function decodeCursor<Schema extends z.ZodType>(cursor: string, schema: Schema): z.infer<Schema> {
  const position = schema.safeParse(jsonOf(cursor));
  if (position.success) return position.data;
  throw invalidFields(
    [{ path: 'cursor', code: 'invalid_cursor', message: 'is not a cursor of this list' }],
    'invalid_cursor',
  );
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    // Not JSON is one of the ways to be no cursor; no schema of a position takes undefined.
    return undefined;
  }
}
