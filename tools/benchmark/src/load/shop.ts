import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { CommitWatch } from './commit-watch.js';
import { HttpClient } from './http-client.js';

export const skus = Array.from({ length: 100 }, (_, index) => `BENCH-${index + 1}`);
export const priceMinor = 1250;
const connectionsMax = 512;

const placed = z.object({ id: z.uuid() });

/** What became of one attempt to order. */
export type Purchase =
  | { readonly kind: 'accepted'; readonly orderId: string; readonly ended: Promise<number> }
  /** 503 with Retry-After: the client may come again. */
  | { readonly kind: 'turned-away' }
  | { readonly kind: 'failed'; readonly why: string };

/** Places orders at one party, each of another customer with another key, over the wares in turn. */
export class Shop {
  readonly promised: string[] = [];
  private readonly http: HttpClient;
  private count = 0;

  constructor(
    orderUrl: string,
    private readonly watch: Pick<CommitWatch, 'seen'>,
    /** What each order takes one of, in turn. */
    private readonly wares: readonly string[] = skus,
  ) {
    this.http = new HttpClient(orderUrl, connectionsMax);
  }

  async place(): Promise<Purchase> {
    const number = this.count++;
    const body = JSON.stringify({
      customerId: `customer-${number % 1000}`,
      currency: 'EUR',
      lines: [{ sku: this.wares[number % this.wares.length], quantity: 1 }],
      paymentMethod: 'pm_card_visa',
    });
    try {
      const answer = await this.http.post('/v1/orders', body, { 'idempotency-key': randomUUID() });
      if (answer.status === 503 && answer.retryAfter !== undefined) return { kind: 'turned-away' };
      if (answer.status !== 202) return { kind: 'failed', why: `${answer.status} ${answer.body.slice(0, 200)}` };
      const { id } = placed.parse(JSON.parse(answer.body));
      this.promised.push(id);
      return { kind: 'accepted', orderId: id, ended: this.watch.seen(id) };
    } catch (error) {
      return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
    }
  }

  close(): void {
    this.http.close();
  }
}
