import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Req,
  Res,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FaultInterceptor } from '../admin/fault.interceptor.js';
import { Books } from '../books/books.js';
import { parseForm } from './form.js';
import { IdempotentRequests } from './idempotent-requests.js';
import { renderRefund } from './objects.js';
import { createRefundForm, Refunds } from './refunds.js';
import { requestOf, send } from './requests.js';
import { SecretKeyGuard } from './secret-key.guard.js';
import { StripeErrorFilter } from './stripe-error.filter.js';

@Controller('v1/refunds')
@UseGuards(SecretKeyGuard)
@UseInterceptors(FaultInterceptor)
@UseFilters(StripeErrorFilter)
export class RefundsController {
  constructor(
    private readonly refunds: Refunds,
    private readonly requests: IdempotentRequests,
    private readonly books: Books,
  ) {}

  @Post()
  @HttpCode(200)
  async create(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const form = parseForm(createRefundForm, body);
    const call = requestOf(request);
    return send(reply, await this.requests.run(call, () => this.refunds.create(form, call.key, new Date())));
  }

  @Get(':id')
  async retrieve(@Param('id') id: string) {
    const refund = this.refunds.find(id);
    await this.books.settled();
    return renderRefund(refund);
  }
}
