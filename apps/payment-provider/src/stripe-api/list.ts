import { z } from 'zod';
import { missingResource } from './errors.js';
import { id } from './form.js';

export const listForm = z.strictObject({
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'must be 1 to 100')
    .default('10')
    .transform(Number),
  starting_after: id.optional(),
});

/** One page of https://docs.stripe.com/api/pagination, from a list with the newest first. */
export function listed<Item extends { readonly id: string }>(
  all: readonly Item[],
  { limit, starting_after: after }: z.infer<typeof listForm>,
): { data: readonly Item[]; has_more: boolean } {
  const start = after === undefined ? 0 : all.findIndex((item) => item.id === after) + 1;
  if (after !== undefined && start === 0) throw missingResource('object', after, 'starting_after', 400);
  const data = all.slice(start, start + limit);
  return { data, has_more: start + data.length < all.length };
}
