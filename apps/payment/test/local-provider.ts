import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Stripe } from 'stripe';
import { stripeClient } from '../src/provider/stripe-client.js';

export const secretKey = 'sk_test_payment_specs';
export const webhookSecret = 'whsec_payment_specs';
const adminToken = 'admin-token-of-the-specs';
const main = fileURLToPath(new URL('../../../dist/payment-provider/main.mjs', import.meta.url));

export interface Movement {
  readonly id: string;
  readonly kind: 'charge' | 'refund';
  readonly amountMinor: number;
  readonly currency: string;
  readonly orderId: string;
  readonly paymentId: string;
  readonly idempotencyKey: string;
}

export interface LocalProvider {
  readonly url: string;
  /** What moved for an order, in order. */
  ledgerOf(orderId: string): Promise<Movement[]>;
  admin(method: string, path: string, body?: unknown): Promise<void>;
  /** The provider's API, as a person uses it from the dashboard. */
  readonly dashboard: Stripe;
  /** Waits until a refund that had succeeded has failed. */
  refundFails(refundId: string): Promise<void>;
  stop(): Promise<void>;
}

/** The real payment provider (`npx nx bundle @quadrille/payment-provider`), as a process of its own. */
export async function startLocalProvider(variables: Record<string, string> = {}): Promise<LocalProvider> {
  const directory = await mkdtemp(join(tmpdir(), 'payment-specs-'));
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      HTTP_PORT: '0',
      PROVIDER_DATA_DIR: directory,
      STRIPE_SECRET_KEY: secretKey,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      ADMIN_TOKEN: adminToken,
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await listening(child);
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const dashboard = stripeClient({ STRIPE_SECRET_KEY: secretKey, STRIPE_API_URL: url, PROVIDER_TIMEOUT_MS: 10_000 });
  return {
    url,
    dashboard,
    refundFails: async (refundId) => {
      const end = Date.now() + 30_000;
      while ((await dashboard.refunds.retrieve(refundId)).status !== 'failed') {
        if (Date.now() > end) throw new Error(`the refund ${refundId} did not fail`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    ledgerOf: async (orderId) => {
      const { items } = (await call('GET', '/ledger?limit=200')) as { items: Movement[] };
      return items.filter((item) => item.orderId === orderId);
    },
    admin: async (method, path, body) => {
      await call(method, path, body);
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listening(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the provider has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const { message, url } = JSON.parse(line) as { message?: unknown; url?: string };
    const said = typeof message === 'object' ? (message as { url?: string }) : { url };
    if (said?.url) {
      child.stdout.resume();
      return said.url;
    }
  }
  throw new Error('the provider ended before it listened: is it built?');
}
