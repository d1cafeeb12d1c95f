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
import { parseForm } from './form.js';
import { IdempotentRequests } from './idempotent-requests.js';
import { listed, listForm } from './list.js';
import { renderIntent } from './objects.js';
import { cancelIntentForm, confirmIntentForm, createIntentForm, PaymentIntents } from './payment-intents.js';
import { requestOf, send } from './requests.js';
import { SecretKeyGuard } from './secret-key.guard.js';
import { StripeErrorFilter } from './stripe-error.filter.js';

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
    const page = listed(this.books.listIntents(), parseForm(listForm, query));
    await this.books.settled();
    return { object: 'list', url: '/v1/payment_intents', ...page, data: page.data.map(renderIntent) };
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
    const form = parseForm(cancelIntentForm, body);
    return send(reply, await this.requests.run(requestOf(request), () => this.intents.cancel(id, form, new Date())));
  }
}
