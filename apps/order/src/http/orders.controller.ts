import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CommandGate, type Cause } from '@quadrille/event-log';
import {
  ApiZodResponse,
  decodeCursor,
  IdempotencyKey,
  pageOf,
  ProblemException,
  RequestCause,
  UuidParam,
  zodBody,
  zodQuery,
  type Page,
} from '@quadrille/service-host';
import { z } from 'zod';
import type { Order, OrderCommand } from '../domain/index.js';
import { Orders } from '../storage/orders.js';
import type { OrderView } from '../storage/order-view.js';
import { Timeline, type TimelineItem } from '../storage/timeline.js';
import { OrderEnds } from './order-ends.js';
import { orderAnswer, PlaceOrder } from './place-order.js';
import {
  orderListShape,
  orderShape,
  ordersQuery,
  placeOrderBody,
  shapeOf,
  timelineShape,
  waitQuery,
  type OrderShape,
  type OrdersQuery,
  type PlaceOrderBody,
  type WaitQuery,
} from './shapes.js';

@ApiTags('orders')
@Controller('v1/orders')
export class OrdersController {
  constructor(
    private readonly gate: CommandGate<OrderCommand, Order>,
    private readonly placing: PlaceOrder,
    private readonly orders: Orders,
    private readonly ends: OrderEnds,
    private readonly timeline: Timeline,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiZodResponse(202, orderShape, 'Placed, or placed before under this key.')
  async place(
    @Body(zodBody(placeOrderBody)) body: PlaceOrderBody,
    @IdempotencyKey() idempotencyKey: string,
    @RequestCause() cause: Cause,
    @Res({ passthrough: true }) response: { header(name: string, value: string): unknown },
  ): Promise<OrderShape> {
    const order = await this.placing.place(body, idempotencyKey, cause);
    response.header('location', `/v1/orders/${order.id}`);
    return order;
  }

  @Get()
  @ApiZodResponse(200, orderListShape, 'The newest first.')
  async list(@Query(zodQuery(ordersQuery)) { cursor, limit, ...filter }: OrdersQuery): Promise<Page<OrderShape>> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor, z.uuid());
    const found = await this.orders.page(filter, before, limit + 1);
    return pageOf(found, limit, shapeOf, ({ id }) => id);
  }

  @Get(':id')
  @ApiZodResponse(200, orderShape)
  async find(@UuidParam() id: string, @Query(zodQuery(waitQuery)) { wait }: WaitQuery): Promise<OrderShape> {
    const order = await this.existing(id);
    if (order.status !== 'pending' || wait === 0) return shapeOf(order);
    await this.ends.ended(id, wait * 1000);
    return shapeOf(await this.existing(id));
  }

  @Get(':id/timeline')
  @ApiZodResponse(200, timelineShape)
  async timelineOf(@UuidParam() id: string): Promise<{ items: TimelineItem[] }> {
    await this.existing(id);
    return { items: await this.timeline.of(id) };
  }

  @Post(':id/cancellation')
  @ApiZodResponse(202, orderShape, 'Cancelled from now on; what it held or cost comes back in time.')
  @ApiZodResponse(200, orderShape, 'It was cancelled before.')
  async cancel(
    @UuidParam() id: string,
    @RequestCause() cause: Cause,
    @Res({ passthrough: true }) response: { status(code: number): unknown },
  ): Promise<OrderShape> {
    await this.existing(id);
    const { answer, events } = await this.gate.send({ type: 'Cancel', orderId: id }, { cause, answer: orderAnswer });
    response.status(events > 0 ? 202 : 200);
    return answer as OrderShape;
  }

  private async existing(id: string): Promise<OrderView> {
    const order = await this.orders.find(id);
    if (order) return order;
    throw new ProblemException(404, 'not_found', `There is no order ${id}.`);
  }
}
