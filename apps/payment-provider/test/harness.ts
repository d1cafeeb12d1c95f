import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stripe } from 'stripe';
import { type Environment, readEnvironment } from '../src/environment.js';
import { type PaymentProvider, startPaymentProvider } from '../src/payment-provider.js';

export const secretKey = 'sk_test_provider';
export const adminToken = 'admin-token-for-tests';
export const webhookSecret = 'whsec_provider_tests';

export interface TestProvider extends PaymentProvider {
  readonly stripe: Stripe;
  readonly dataDirectory: string;
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  ledger(): Promise<LedgerRow[]>;
}

export interface LedgerRow {
  readonly id: string;
  readonly kind: 'charge' | 'refund';
  readonly amountMinor: number;
  readonly currency: string;
  readonly orderId: string | null;
  readonly paymentIntent: string;
  readonly idempotencyKey: string | null;
}

/** A provider on a free port. Started again on the same directory it must know what it knew. */
export async function testProvider(
  dataDirectory: string,
  variables: Partial<Record<keyof Environment, string>> = {},
): Promise<TestProvider> {
  const provider = await startPaymentProvider(
    readEnvironment({
      HTTP_PORT: '0',
      PROVIDER_DATA_DIR: dataDirectory,
      STRIPE_SECRET_KEY: secretKey,
      ADMIN_TOKEN: adminToken,
      ...variables,
    }),
    false,
  );
  const admin: TestProvider['admin'] = async (method, path, body) => {
    const response = await fetch(`${provider.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  return {
    ...provider,
    stripe: stripeAt(provider.url),
    dataDirectory,
    admin,
    ledger: async () => ((await admin('GET', '/ledger?limit=200')).body as { items: LedgerRow[] }).items,
  };
}

/** The official SDK; it repeats a call once on a closed connection, whatever its settings say. */
export function stripeAt(url: string, key = secretKey): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, timeout: 20_000 });
}

export async function emptyDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'payment-provider-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface ReceivedWebhook {
  readonly payload: string;
  readonly headers: IncomingHttpHeaders;
}

/** An endpoint that takes webhooks, and answers 503 as often as it is told to. */
export async function webhookEndpoint() {
  const received: ReceivedWebhook[] = [];
  let refusals = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ payload: Buffer.concat(chunks).toString('utf8'), headers: request.headers });
      response.writeHead(refusals-- > 0 ? 503 : 200).end();
    });
  });
  const open = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await open(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/provider/webhooks`,
    /** Again at the same address, after `close`. */
    open: () => open(port),
    received,
    types: () => received.map(({ payload }) => (JSON.parse(payload) as { type: string }).type),
    refuse: (times: number) => {
      refusals = times;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Waits for a fact, with an end. */
export async function eventually<Value>(look: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`not within 30 s: ${look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
