import { Injectable } from '@nestjs/common';
import { Any, DataSource, MoreThan, type Repository } from 'typeorm';
import { Price } from './price.js';

@Injectable()
export class PriceList {
  private readonly prices: Repository<Price>;

  constructor(dataSource: DataSource) {
    this.prices = dataSource.getRepository(Price);
  }

  async set(price: Price): Promise<void> {
    await this.prices.upsert(price, ['sku']);
  }

  /** The prices that exist, by SKU. */
  async of(skus: readonly string[]): Promise<ReadonlyMap<string, Price>> {
    const found = await this.prices.findBy({ sku: Any(skus) });
    return new Map(found.map((price) => [price.sku, price]));
  }

  /** In SKU order, up to `take` after the SKU `after`. */
  page(after: string | undefined, take: number): Promise<Price[]> {
    return this.prices.find({
      where: after === undefined ? {} : { sku: MoreThan(after) },
      order: { sku: 'ASC' },
      take,
    });
  }
}
