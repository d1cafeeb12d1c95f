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
import { z } from 'zod';
import { FaultInterceptor } from '../admin/fault.interceptor.js';
import { Books } from '../books/books.js';
import { invalidParameter } from './errors.js';
import { parseForm, positiveInteger } from './form.js';
import { IdempotentRequests } from './idempotent-requests.js';
import { renderIntent } from './objects.js';
import { cancelIntentForm, confirmIntentForm, createIntentForm, PaymentIntents } from './payment-intents.js';
import { requestOf, send } from './requests.js';
import { SecretKeyGuard } from './secret-key.guard.js';
import { StripeErrorFilter } from './stripe-error.filter.js';

const listForm = z.strictObject({ limit: positiveInteger.default(10), starting_after: z.string().optional() });

@Controller('v1/payment_intents')
@UseGuards(SecretKeyGuard)
@UseInterceptors(FaultInterceptor)
@UseFilters(StripeErrorFilter)
export class PaymentIntentsController {
  constructor(
    private readonly intents: PaymentIntents,
    private readonly requests: IdempotentRequests,
    private readonly books: Books,
  ) {}

  @Post()
  @HttpCode(200)
  async create(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const form = parseForm(createIntentForm, body);
    return send(reply, await this.requests.run(requestOf(request), () => this.intents.create(form, new Date())));
  }

  @Get()
  async list(@Query() query: unknown) {
    const { limit, starting_after: after } = parseForm(listForm, query);
    if (limit > 100) throw invalidParameter('parameter_invalid', 'Invalid limit: must be at most 100', 'limit');
    const all = this.books.listIntents();
    const start = after === undefined ? 0 : all.indexOf(this.intents.find(after)) + 1;
    const data = all.slice(start, start + limit).map(renderIntent);
    await this.books.settled();
    return { object: 'list', url: '/v1/payment_intents', has_more: start + data.length < all.length, data };
  }

  @Get(':id')
  async retrieve(@Param('id') id: string) {
    const intent = this.intents.find(id);
    await this.books.settled();
    return renderIntent(intent);
  }

  @Post(':id/confirm')
  @HttpCode(200)
  async confirm(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const form = parseForm(confirmIntentForm, body);
    const call = requestOf(request);
    return send(reply, await this.requests.run(call, () => this.intents.confirm(id, form, call.key)));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  async cancel(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    parseForm(cancelIntentForm, body);
    return send(reply, await this.requests.run(requestOf(request), () => this.intents.cancel(id, new Date())));
  }
}
