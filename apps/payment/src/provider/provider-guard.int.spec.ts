import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { countingProxy, type CountingProxy } from '../../test/counting-proxy.js';
import { impatientGuard } from '../../test/impatient-guard.js';
import { secretKey, startLocalProvider, type LocalProvider } from '../../test/local-provider.js';
import { paymentsOnDatabase, type TestPayments } from '../../test/payments-on.js';
import type { PaymentConfiguration } from '../payment-configuration.js';
import { PaymentWorker } from './payment-worker.js';
import { StripeProvider } from './stripe-provider.js';

/**
 * What a provider that fails gets to see, counted in front of the real one. A payment that goes well makes three requests: the intent
 * is made, looked up and confirmed. The guard's clock stands still unless a test moves it, so that counts do not depend on time.
 */

const reserve = 5;
const pauseMs = 5000;

let provider: LocalProvider;
let payments: TestPayments;
let proxy: CountingProxy;
let worker: PaymentWorker;
let nowMs: number;
/** By order, as the agenda keeps them. */
let attempts: Map<string, number>;

beforeAll(async () => {
  [provider, payments] = await Promise.all([startLocalProvider(), paymentsOnDatabase()]);
});

beforeEach(async () => {
  proxy = await countingProxy(provider.url);
  nowMs = 0;
  attempts = new Map();
  const guard = impatientGuard({ PROVIDER_RETRY_RESERVE: reserve, PROVIDER_PAUSE_MS: pauseMs }, () => nowMs);
  const configuration = { STRIPE_SECRET_KEY: secretKey, STRIPE_API_URL: proxy.url, PROVIDER_TIMEOUT_MS: 3000 };
  worker = new PaymentWorker(payments.payments, new StripeProvider(configuration as PaymentConfiguration), guard);
});

afterEach(async () => {
  await provider.admin('DELETE', '/admin/faults');
  await proxy.stop();
});

afterAll(async () => {
  await provider.stop();
  await payments.close();
});

async function offered(count: number): Promise<string[]> {
  const orders: string[] = [];
  while (orders.length < count) orders.push(await payments.charging('pm_card_visa'));
  return orders;
}

/** Every payment that awaits the provider comes once, one after the other, as if its wait were over. Answers who still waits. */
async function turn(orders: readonly string[]): Promise<string[]> {
  const waiting: string[] = [];
  for (const orderId of orders) {
    const tried = attempts.get(orderId) ?? 0;
    const result = await payments.work(orderId, worker, tried);
    if (result === null) continue;
    waiting.push(orderId);
    if (result.kind === 'answer') attempts.set(orderId, 0);
    else if (result.kind === 'again') attempts.set(orderId, tried + 1);
    else expect(result.kind).toBe('postpone');
  }
  return waiting;
}

async function turns(count: number, orders: readonly string[], eachMs = 0): Promise<string[]> {
  let waiting = [...orders];
  for (let time = 0; time < count && waiting.length > 0; time++) {
    waiting = await turn(waiting);
    nowMs += eachMs;
  }
  return waiting;
}

async function expectCaptured(orders: readonly string[]): Promise<void> {
  await Promise.all(
    orders.map(async (orderId) => {
      expect(await payments.payments.ofOrder(orderId)).toMatchObject({ status: 'captured' });
      expect(await provider.ledgerOf(orderId)).toMatchObject([{ kind: 'charge', amountMinor: 2500 }]);
    }),
  );
}

describe('a provider that fails every call', () => {
  it('is asked by ten payments, then by one for all in each pause; and when it is well, every payment ends right', async () => {
    await provider.admin('PUT', '/admin/faults', { errorRate: 1 });
    const orders = await offered(40);
    await turns(5, orders);
    expect(proxy.requests()).toBe(10);
    nowMs += pauseMs;
    await turns(6, orders, pauseMs);
    expect(proxy.requests()).toBe(16);

    await provider.admin('DELETE', '/admin/faults');
    expect(await turns(60, orders, 1000)).toEqual([]);
    await expectCaptured(orders);
  });

  it('is left alone by orders that are cancelled meanwhile, too, and nothing is charged for them', async () => {
    await provider.admin('PUT', '/admin/faults', { down: true });
    const orders = await offered(15);
    await turns(2, orders);
    for (const orderId of orders) await payments.send({ type: 'Abandon', orderId });
    attempts.clear();
    await turns(5, orders);
    expect(proxy.requests()).toBe(10);

    await provider.admin('DELETE', '/admin/faults');
    expect(await turns(60, orders, 1000)).toEqual([]);
    for (const orderId of orders) {
      expect(await payments.payments.ofOrder(orderId)).toMatchObject({ status: 'closed' });
      expect(await provider.ledgerOf(orderId)).toEqual([]);
    }
  });
});

describe('a provider that fails every fifth call', () => {
  it('sees at most 1.2 times what it is offered, and the reserve; and when it is well, every payment ends right', async () => {
    await provider.admin('PUT', '/admin/faults', { errorRate: 0.2 });
    const orders = await offered(100);
    const waiting = await turns(20, orders);
    const offeredRequests = 3 * orders.length;
    // A retry looks the intent up and confirms it: two requests.
    expect(proxy.requests()).toBeLessThanOrEqual(1.2 * offeredRequests + 2 * reserve);
    // It was the budget that held them, and not luck.
    expect(waiting.length).toBeGreaterThan(0);

    await provider.admin('DELETE', '/admin/faults');
    expect(await turns(200, waiting, 1000)).toEqual([]);
    await expectCaptured(orders);
  });
});
