import { Injectable } from '@nestjs/common';
import { Gathered, rows } from '@quadrille/event-log';
import { DataSource, MoreThan, type Repository } from 'typeorm';
import { Price } from './price.js';

@Injectable()
export class PriceList {
  private readonly prices: Repository<Price>;
  /** Orders that come together are priced with one statement. */
  private readonly asked = new Gathered<readonly string[], ReadonlyMap<string, Price>>(async (lists) => {
    const found = await this.all([...new Set(lists.flat())]);
    return lists.map(() => found);
  });

  constructor(private readonly dataSource: DataSource) {
    this.prices = dataSource.getRepository(Price);
  }

  async set(price: Price): Promise<void> {
    await this.prices.upsert(price, ['sku']);
  }

  /** The prices that exist, by SKU; those of others may be among them. */
  of(skus: readonly string[]): Promise<ReadonlyMap<string, Price>> {
    return this.asked.run(skus);
  }

  /** In SKU order, up to `take` after the SKU `after`. */
  page(after: string | undefined, take: number): Promise<Price[]> {
    return this.prices.find({
      where: after === undefined ? {} : { sku: MoreThan(after) },
      order: { sku: 'ASC' },
      take,
    });
  }

  private async all(skus: readonly string[]): Promise<ReadonlyMap<string, Price>> {
    const sql = 'select sku, amount_minor::float8 as "amountMinor", currency from price where sku = any($1)';
    const found = await rows<Price>(this.dataSource, sql, [skus]);
    return new Map(found.map((price) => [price.sku, price]));
  }
}
