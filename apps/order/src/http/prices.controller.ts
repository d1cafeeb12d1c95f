import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { sku as skuSchema } from '@quadrille/contracts';
import {
  Admin,
  ApiZodResponse,
  decodeCursor,
  pageOf,
  PathParam,
  zodBody,
  zodQuery,
  type Page,
} from '@quadrille/service-host';
import { PriceList } from '../storage/price-list.js';
import {
  priceBody,
  priceListShape,
  priceShape,
  pricesQuery,
  type PriceBody,
  type PriceShape,
  type PricesQuery,
} from './shapes.js';

@ApiTags('prices')
@Controller('v1/prices')
export class PricesController {
  constructor(private readonly prices: PriceList) {}

  /** Orders that were placed before keep the price they were placed at. */
  @Put(':sku')
  @Admin()
  @ApiZodResponse(200, priceShape)
  async set(@PathParam('sku', skuSchema) sku: string, @Body(zodBody(priceBody)) body: PriceBody): Promise<PriceShape> {
    const price = { sku, ...body };
    await this.prices.set(price);
    return price;
  }

  @Get()
  @ApiZodResponse(200, priceListShape, 'In SKU order.')
  async list(@Query(zodQuery(pricesQuery)) { cursor, limit }: PricesQuery): Promise<Page<PriceShape>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, skuSchema);
    const found = await this.prices.page(after, limit + 1);
    return pageOf(
      found,
      limit,
      (price) => price,
      (price) => price.sku,
    );
  }
}
