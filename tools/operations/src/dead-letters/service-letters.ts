import type { ServiceName } from '@quadrille/contracts';
import { z } from 'zod';
import { Refused, type AdminApi } from '../system/http.js';
import type { Letter, LetterDetails, LetterFilter } from './letter.js';

const letter = z.object({
  id: z.string(),
  key: z.string(),
  messageId: z.string().nullable(),
  type: z.string(),
  status: z.string(),
  code: z.string(),
  reason: z.string(),
  attempts: z.number(),
  traceId: z.string().nullable(),
  firstAt: z.string(),
  lastAt: z.string(),
  nextAt: z.string().nullable(),
});
const act = { by: z.string(), at: z.string() };
const details = letter.extend({
  body: z.string(),
  stack: z.string().nullable(),
  edited: z.object({ ...act, reason: z.string(), originalBody: z.string() }).nullable(),
  replayed: z.object(act).nullable(),
  closed: z.object({ ...act, reason: z.string() }).nullable(),
});
const page = z.object({ items: z.array(letter), nextCursor: z.string().nullable() });
const replayed = z.object({ replayed: z.number() });

const pageMax = '200';

/** Held messages and dead letters of one service, over its HTTP API. */
export class ServiceLetters {
  constructor(
    readonly service: ServiceName,
    private readonly api: AdminApi,
  ) {}

  /** Oldest first. */
  async list(filter: LetterFilter): Promise<Letter[]> {
    const found: Letter[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { items, nextCursor }: z.infer<typeof page> = await this.page(filter, cursor);
      found.push(...items.map((one) => this.letterOf(one)));
      cursor = nextCursor;
    }
    return found;
  }

  async show(id: string): Promise<LetterDetails> {
    return this.detailsOf(await this.api.ask('GET', `/v1/dead-letters/${id}`, details));
  }

  async edit(id: string, change: { body: string; by: string; reason: string }): Promise<LetterDetails> {
    return this.detailsOf(await this.api.ask('PUT', `/v1/dead-letters/${id}/body`, details, change));
  }

  /** Undefined when it was discarded already. */
  async discard(id: string, because: { by: string; reason: string }): Promise<LetterDetails | undefined> {
    try {
      return this.detailsOf(await this.api.ask('POST', `/v1/dead-letters/${id}/discard`, details, because));
    } catch (error) {
      if (error instanceof Refused && error.code === 'wrong_status') return undefined;
      throw error;
    }
  }

  /** False when it is not there any more: it was handled after all. */
  async replay(id: string, by: string): Promise<boolean> {
    try {
      await this.api.ask('POST', `/v1/dead-letters/${id}/replay`, replayed, { by });
      return true;
    } catch (error) {
      if (error instanceof Refused && error.code === 'not_found') return false;
      throw error;
    }
  }

  private page(filter: LetterFilter, cursor: string): Promise<z.infer<typeof page>> {
    const given = Object.entries({ ...filter, cursor, limit: pageMax }).filter(([, value]) => value);
    return this.api.ask('GET', `/v1/dead-letters?${new URLSearchParams(given as [string, string][]).toString()}`, page);
  }

  private letterOf({ id, ...rest }: z.infer<typeof letter>): Letter {
    return { ...rest, id: `${this.service}:${id}`, service: this.service };
  }

  private detailsOf(found: z.infer<typeof details>): LetterDetails {
    const { body, stack, edited, replayed, closed, ...rest } = found;
    return { ...this.letterOf(rest), body, stack, edited, replayed, closed };
  }
}
