import { Injectable } from '@nestjs/common';
import { Any, DataSource, LessThan, Not, type Repository } from 'typeorm';
import { OrderView } from './order-view.js';

export interface OrderFilter {
  readonly customerId?: string | undefined;
  readonly status?: OrderView['status'] | undefined;
}

/** Reads of the read model. */
@Injectable()
export class Orders {
  private readonly views: Repository<OrderView>;

  constructor(dataSource: DataSource) {
    this.views = dataSource.getRepository(OrderView);
  }

  find(id: string): Promise<OrderView | null> {
    return this.views.findOneBy({ id });
  }

  /** The newest first, up to `take` that are older than the order `before`. */
  page({ customerId, status }: OrderFilter, before: string | undefined, take: number): Promise<OrderView[]> {
    return this.views.find({
      where: {
        ...(customerId !== undefined && { customerId }),
        ...(status !== undefined && { status }),
        ...(before !== undefined && { id: LessThan(before) }),
      },
      order: { id: 'DESC' },
      take,
    });
  }

  /** Which of these orders have ended: one statement for all that are asked about. */
  async endedOf(ids: readonly string[]): Promise<string[]> {
    const ended = await this.views.find({ select: { id: true }, where: { id: Any(ids), status: Not('pending') } });
    return ended.map(({ id }) => id);
  }
}
