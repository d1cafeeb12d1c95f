import { Body, Controller, Delete, Get, HttpCode, Param, Put, UseFilters, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import { Books } from '../books/books.js';
import { AdminTokenGuard } from './admin-token.guard.js';
import { Faults, faultSettings } from './faults.js';
import { parse, ProblemFilter } from './problem.js';

const paymentMethodId = z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, 'must be 1 to 255 of A-Z, a-z, 0-9, _ and -');
const balance = z.strictObject({ balanceMinor: z.int().nonnegative() });

@Controller('admin')
@UseGuards(AdminTokenGuard)
@UseFilters(ProblemFilter)
export class AdminController {
  constructor(
    private readonly books: Books,
    private readonly faults: Faults,
  ) {}

  @Put('payment-methods/:id')
  async setBalance(@Param('id') id: string, @Body() body: unknown) {
    const method = { id: parse(paymentMethodId, id), ...parse(balance, body) };
    await this.books.record({ at: new Date().toISOString(), method });
    return method;
  }

  @Get('faults')
  currentFaults() {
    return this.faults.current();
  }

  /** What is not named behaves well again. */
  @Put('faults')
  setFaults(@Body() body: unknown) {
    this.faults.set(parse(faultSettings, body ?? {}));
    return this.faults.current();
  }

  @Delete('faults')
  @HttpCode(204)
  clearFaults() {
    this.faults.clear();
  }
}
