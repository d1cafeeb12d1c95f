import { randomUUID } from 'node:crypto';
import { z } from 'zod';

const order = z.object({
  id: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  declineCode: z.string().nullable(),
});
export type Order = z.infer<typeof order>;

const timelineItem = z.object({ at: z.string(), service: z.string(), type: z.string(), id: z.string() });
export type TimelineItem = z.infer<typeof timelineItem>;

const stock = z.object({ available: z.number() });

export interface PublicApiOptions {
  readonly orderUrl: string;
  readonly inventoryUrl: string;
  readonly adminToken: string;
}

export interface OrderRequest {
  readonly customerId: string;
  readonly currency: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  readonly paymentMethod: string;
}

/** What anybody can do with the system over HTTP, as far as the demonstration needs it. */
export class PublicApi {
  constructor(private readonly options: PublicApiOptions) {}

  async place(request: OrderRequest): Promise<Order> {
    return order.parse(await this.call('POST', `${this.options.orderUrl}/v1/orders`, request));
  }

  async order(id: string): Promise<Order> {
    return order.parse(await this.call('GET', `${this.options.orderUrl}/v1/orders/${id}`));
  }

  async timeline(id: string): Promise<readonly TimelineItem[]> {
    const answer = await this.call('GET', `${this.options.orderUrl}/v1/orders/${id}/timeline`);
    return z.object({ items: z.array(timelineItem) }).parse(answer).items;
  }

  async setPrice(sku: string, amountMinor: number, currency: string): Promise<void> {
    await this.call('PUT', `${this.options.orderUrl}/v1/prices/${sku}`, { amountMinor, currency });
  }

  /** A SKU that was never received is unknown, and nothing of it is available. */
  async stock(sku: string): Promise<{ readonly available: number }> {
    const answer = await this.call('GET', `${this.options.inventoryUrl}/v1/stock/${sku}`, undefined, [404]);
    return answer === undefined ? { available: 0 } : stock.parse(answer);
  }

  async receive(sku: string, quantity: number): Promise<void> {
    await this.call('POST', `${this.options.inventoryUrl}/v1/stock/${sku}/receipts`, { quantity });
  }

  private async call(method: string, url: string, body?: unknown, absent: readonly number[] = []): Promise<unknown> {
    const response = await fetch(url, {
      method,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${this.options.adminToken}`,
        'idempotency-key': randomUUID(),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (absent.includes(response.status)) return undefined;
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${url} was answered with ${response.status}: ${answer}`);
    return answer === '' ? undefined : JSON.parse(answer);
  }
}
