import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FaultInterceptor } from '../admin/fault.interceptor.js';
import { Books } from '../books/books.js';
import { id, parseForm } from './form.js';
import { IdempotentRequests } from './idempotent-requests.js';
import { listed, listForm } from './list.js';
import { renderRefund } from './objects.js';
import { createRefundForm, Refunds } from './refunds.js';
import { requestOf, send } from './requests.js';
import { SecretKeyGuard } from './secret-key.guard.js';
import { StripeErrorFilter } from './stripe-error.filter.js';

const listRefundsForm = listForm.extend({ payment_intent: id.optional() });

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

  @Get()
  async list(@Query() query: unknown) {
    const { payment_intent: intentId, ...paging } = parseForm(listRefundsForm, query);
    const page = listed(this.books.listRefunds(intentId), paging);
    await this.books.settled();
    return { object: 'list', url: '/v1/refunds', ...page, data: page.data.map(renderRefund) };
  }

  @Get(':id')
  async retrieve(@Param('id') id: string) {
    const refund = this.refunds.find(id);
    await this.books.settled();
    return renderRefund(refund);
  }
}
