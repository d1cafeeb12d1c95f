import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { sku as skuSchema } from '@quadrille/contracts';
import { CommandGate, type Cause } from '@quadrille/event-log';
import {
  Admin,
  ApiZodResponse,
  bodyHash,
  decodeCursor,
  IdempotencyKey,
  pageOf,
  PathParam,
  ProblemException,
  RequestCause,
  zodBody,
  zodQuery,
  type Page,
} from '@quadrille/service-host';
import { DataSource, MoreThan, type Repository } from 'typeorm';
import type { Inventory, InventoryCommand } from '../domain/index.js';
import { Stock } from '../storage/stock.js';
import {
  receiptBody,
  stockListShape,
  stockQuery,
  stockShape,
  type ReceiptBody,
  type StockQuery,
  type StockShape,
} from './shapes.js';

@ApiTags('stock')
@Controller('v1/stock')
export class StockController {
  private readonly stock: Repository<Stock>;

  constructor(
    private readonly gate: CommandGate<InventoryCommand, Inventory>,
    dataSource: DataSource,
  ) {
    this.stock = dataSource.getRepository(Stock);
  }

  @Get()
  @ApiZodResponse(200, stockListShape, 'In SKU order.')
  async list(@Query(zodQuery(stockQuery)) { cursor, limit }: StockQuery): Promise<Page<StockShape>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, skuSchema);
    const found = await this.stock.find({
      where: after === undefined ? {} : { sku: MoreThan(after) },
      order: { sku: 'ASC' },
      take: limit + 1,
    });
    return pageOf(
      found,
      limit,
      (level) => level,
      ({ sku }) => sku,
    );
  }

  @Get(':sku')
  @ApiZodResponse(200, stockShape)
  async find(@PathParam('sku', skuSchema) sku: string): Promise<StockShape> {
    const level = await this.stock.findOneBy({ sku });
    if (level) return level;
    throw new ProblemException(404, 'not_found', `${sku} was never received.`);
  }

  @Post(':sku/receipts')
  @Admin()
  @ApiZodResponse(201, stockShape, 'The level after the receipt; the same for the same key.')
  async receive(
    @PathParam('sku', skuSchema) sku: string,
    @Body(zodBody(receiptBody)) body: ReceiptBody,
    @IdempotencyKey() key: string,
    @RequestCause() cause: Cause,
  ): Promise<StockShape> {
    const { answer } = await this.gate.send(
      { type: 'Receive', sku, quantity: body.quantity },
      {
        cause,
        idempotency: { scope: `sku ${sku}`, key, bodyHash: bodyHash(body) },
        answer: ({ levels }) => ({ sku, ...levels[sku] }),
      },
    );
    return answer as StockShape;
  }
}
