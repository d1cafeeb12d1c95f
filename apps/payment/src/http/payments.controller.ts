import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiZodResponse, decodeCursor, pageOf, zodQuery, type Page } from '@quadrille/service-host';
import { z } from 'zod';
import { Payments } from '../storage/payments.js';
import { paymentListShape, paymentsQuery, shapeOf, type PaymentShape, type PaymentsQuery } from './shapes.js';

@ApiTags('payments')
@Controller('v1/payments')
export class PaymentsController {
  constructor(private readonly payments: Payments) {}

  @Get()
  @ApiZodResponse(200, paymentListShape, 'The newest orders first; of an unknown order there is none.')
  async list(@Query(zodQuery(paymentsQuery)) { cursor, limit, ...filter }: PaymentsQuery): Promise<Page<PaymentShape>> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor, z.uuid());
    const found = await this.payments.page(filter, before, limit + 1);
    return pageOf(found, limit, shapeOf, ({ orderId }) => orderId);
  }
}
