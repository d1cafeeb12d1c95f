import { z } from 'zod';
import { pageQuery } from '../http/paging.js';

const word = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{Cc}*$/u, 'must not have control characters');
/** A person may write lines. */
const reason = z
  .string()
  .min(1)
  .max(1_000)
  .regex(/^[\P{Cc}\t\r\n]*$/u, 'must not have control characters but tabs and line breaks');
/** What the database takes for one: no year 0, and no further from UTC than its 15:59. */
const moment = z.iso
  .datetime({ offset: true })
  .max(64)
  .regex(/^(?!0000)/, 'must be in the year 1 or later')
  .regex(/(Z|[+-](0\d|1[0-5]):\d\d)$/, 'must be less than 16 hours from UTC');
const status = z.enum(['waiting', 'retrying', 'dead', 'discarded']);

const filter = {
  status: status.optional(),
  key: word.optional(),
  type: word.optional(),
  code: word.optional(),
  olderThan: moment.optional(),
};

export const letterId = z.string().regex(/^[1-9][0-9]{0,17}$/);

export const listQuery = z.strictObject({ ...filter, ...pageQuery });
export type ListQuery = z.infer<typeof listQuery>;

/** `body` is the whole mended event: as JSON, or as text that is JSON. */
export const editBody = z.strictObject({ body: z.union([z.string().min(2), z.looseObject({})]), by: word, reason });
export type EditBody = z.infer<typeof editBody>;

export const replayBody = z.strictObject({ by: word });
export type ReplayBody = z.infer<typeof replayBody>;

export const replayManyBody = z.strictObject({
  filter: z.strictObject(filter),
  by: word,
  /** Only count what would be replayed. */
  dryRun: z.boolean().default(false),
});
export type ReplayManyBody = z.infer<typeof replayManyBody>;

export const discardBody = z.strictObject({ by: word, reason });
export type DiscardBody = z.infer<typeof discardBody>;

const by = { by: z.string(), at: z.iso.datetime() };

export const letterShape = z.object({
  id: letterId,
  service: z.string(),
  key: z.string(),
  kind: z.enum(['message', 'wake-up']),
  messageId: z.string().nullable(),
  type: z.string(),
  status,
  code: z.string(),
  reason: z.string(),
  attempts: z.int(),
  traceId: z.string().nullable(),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  nextAt: z.iso.datetime().nullable(),
  cause: z.object({ correlationId: z.string(), causationId: z.string(), traceparent: z.string().optional() }),
});

export const lettersShape = z.object({ items: z.array(letterShape), nextCursor: z.string().nullable() });

export const letterDetailsShape = letterShape.extend({
  body: z.string(),
  stack: z.string().nullable(),
  edited: z.object({ ...by, reason: z.string(), originalBody: z.string() }).nullable(),
  replayed: z.object(by).nullable(),
  closed: z.object({ ...by, reason: z.string() }).nullable(),
});

export const replayedShape = z.object({ replayed: z.int() });
export type Replayed = z.infer<typeof replayedShape>;
