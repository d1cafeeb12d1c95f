import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const order = z.object({
  id: z.uuid(),
  status: z.enum(['pending', 'confirmed', 'cancelled']),
  reason: z.string().nullable(),
  declineCode: z.string().nullable(),
  totalMinor: z.number(),
  version: z.number(),
});
export type PlacedOrder = z.infer<typeof order>;
const timeline = z.object({ items: z.array(z.object({ type: z.string(), service: z.string(), id: z.string() })) });
const stock = z.object({ received: z.number(), available: z.number(), held: z.number(), committed: z.number() });
const payments = z.object({
  items: z.array(
    z.object({
      status: z.string(),
      amountMinor: z.number(),
      refundedMinor: z.number(),
      declineCode: z.string().nullable(),
    }),
  ),
});

export interface Addresses {
  /** Of every replica of order: a call that finds no listener goes to the next. */
  readonly order: readonly string[];
  readonly inventory: readonly string[];
  readonly payment: readonly string[];
  readonly adminToken: string;
}

export interface NewOrder {
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  readonly paymentMethod?: string;
  readonly customerId?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/**
 * A client as the README asks for: it repeats what got no answer, or a 503, with the same idempotency key, at another
 * replica, until it has an answer or its patience ends.
 */
export class Client {
  constructor(
    private readonly addresses: Addresses,
    private readonly patienceMs = 90_000,
  ) {}

  async place(
    { lines, paymentMethod = 'pm_card_visa', customerId = 'story' }: NewOrder,
    key: string = randomUUID(),
  ): Promise<PlacedOrder> {
    const { status, body } = await this.call('order', 'POST', '/v1/orders', {
      body: { customerId, currency: 'EUR', lines, paymentMethod },
      key,
    });
    if (status !== 202) throw new Error(`placing an order was answered ${status}: ${JSON.stringify(body)}`);
    return order.parse(body);
  }

  async order(id: string, waitSeconds = 0): Promise<PlacedOrder> {
    return order.parse(
      (await this.expect(200, 'order', 'GET', `/v1/orders/${id}${waitSeconds ? `?wait=${waitSeconds}` : ''}`)).body,
    );
  }

  /** Waits for the end of an order. */
  async ended(id: string): Promise<PlacedOrder> {
    return eventually(
      `order ${id} ends`,
      async () => {
        const now = await this.order(id, 10);
        return now.status === 'pending' ? undefined : now;
      },
      this.patienceMs,
    );
  }

  async cancel(id: string): Promise<number> {
    const { status, body } = await this.call('order', 'POST', `/v1/orders/${id}/cancellation`);
    if (status !== 200 && status !== 202)
      throw new Error(`cancelling ${id} was answered ${status}: ${JSON.stringify(body)}`);
    return status;
  }

  async timeline(id: string): Promise<string[]> {
    const { body } = await this.expect(200, 'order', 'GET', `/v1/orders/${id}/timeline`);
    return timeline.parse(body).items.map(({ type }) => type);
  }

  async stock(sku: string): Promise<z.infer<typeof stock>> {
    return stock.parse((await this.expect(200, 'inventory', 'GET', `/v1/stock/${sku}`)).body);
  }

  async payment(orderId: string): Promise<z.infer<typeof payments>['items'][number] | undefined> {
    const { body } = await this.expect(200, 'payment', 'GET', `/v1/payments?orderId=${orderId}`);
    return payments.parse(body).items[0];
  }

  /** A price of `unitMinor` EUR and `quantity` pieces received, once per `key`. */
  async supply(sku: string, quantity: number, unitMinor = 1000): Promise<void> {
    await this.expect(200, 'order', 'PUT', `/v1/prices/${sku}`, {
      body: { amountMinor: unitMinor, currency: 'EUR' },
      admin: true,
    });
    const { status, body } = await this.call('inventory', 'POST', `/v1/stock/${sku}/receipts`, {
      body: { quantity },
      key: randomUUID(),
      admin: true,
    });
    if (status >= 300) throw new Error(`a receipt of ${sku} was answered ${status}: ${JSON.stringify(body)}`);
  }

  async expect(status: number, ...call: Parameters<Client['call']>): Promise<Answer> {
    const answer = await this.call(...call);
    if (answer.status !== status)
      throw new Error(`${call[1]} ${call[2]} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  async call(
    service: 'order' | 'inventory' | 'payment',
    method: string,
    path: string,
    { body, key, admin = false }: { body?: unknown; key?: string; admin?: boolean } = {},
  ): Promise<Answer> {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(admin ? { authorization: `Bearer ${this.addresses.adminToken}` } : {}),
    };
    const end = Date.now() + this.patienceMs;
    const replicas = this.addresses[service];
    for (let attempt = 0; ; attempt++) {
      const url = `${replicas[attempt % replicas.length]}${path}`;
      const answer = await once(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if ('status' in answer && answer.status !== 503) return answer;
      if (Date.now() > end)
        throw new Error(`${method} ${url} had no answer for ${this.patienceMs / 1000} s`, {
          cause: answer,
        });
      await delay(Math.random() * Math.min(1000, 50 * 2 ** attempt));
    }
  }
}

/** An answer, or why there was none. */
async function once(url: string, request: RequestInit): Promise<Answer | { readonly lost: unknown }> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(20_000) });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text ? (JSON.parse(text) as unknown) : undefined,
    };
  } catch (error) {
    return { lost: error };
  }
}

/** Asks until there is an answer. Rejects with the last reason when it does not come. */
export async function eventually<Value>(
  what: string,
  ask: () => Promise<Value | undefined>,
  patienceMs = 90_000,
): Promise<Value> {
  const end = Date.now() + patienceMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const value = await ask();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await delay(100);
  }
  throw new Error(
    `waited ${patienceMs / 1000} s in vain until ${what}${last instanceof Error ? `: ${last.message}` : ''}`,
    {
      cause: last,
    },
  );
}
