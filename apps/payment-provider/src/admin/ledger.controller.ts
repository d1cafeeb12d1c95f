import { Controller, Get, Query, UseFilters, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import { Books } from '../books/books.js';
import { AdminTokenGuard } from './admin-token.guard.js';
import { invalid, parse, ProblemFilter } from './problem.js';

const page = z.strictObject({
  after: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

@Controller('ledger')
@UseGuards(AdminTokenGuard)
@UseFilters(ProblemFilter)
export class LedgerController {
  constructor(private readonly books: Books) {}

  /** All money that moved, oldest first. */
  @Get()
  async list(@Query() query: unknown) {
    const { after, limit } = parse(page, query);
    const found = this.books.ledgerAfter(after ?? null, limit);
    if (!found) throw invalid([{ path: 'after', code: 'unknown_cursor', message: 'is not the id of a ledger item' }]);
    await this.books.settled();
    return { items: found.items, nextCursor: found.more ? (found.items.at(-1)?.id ?? null) : null };
  }
}
