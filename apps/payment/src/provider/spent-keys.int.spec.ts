import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { countingProxy, type CountingProxy } from '../../test/counting-proxy.js';
import { secretKey, startLocalProvider, type LocalProvider } from '../../test/local-provider.js';
import type { PaymentConfiguration } from '../payment-configuration.js';
import { OutcomeUnknown, type ChargeOrder } from './payment-provider.js';
import { StripeProvider } from './stripe-provider.js';

/** Tries against the real provider, which keeps an error 500 for its key as Stripe does, and what they cost. */

let provider: LocalProvider;
let proxy: CountingProxy;
let stripe: StripeProvider;

beforeAll(async () => {
  provider = await startLocalProvider();
});

beforeEach(async () => {
  proxy = await countingProxy(provider.url);
  const configuration = { STRIPE_SECRET_KEY: secretKey, STRIPE_API_URL: proxy.url, PROVIDER_TIMEOUT_MS: 3000 };
  stripe = new StripeProvider(configuration as PaymentConfiguration);
});

afterEach(() => proxy.stop());

afterAll(() => provider.stop());

async function made(paymentMethod: string): Promise<{ order: ChargeOrder; intentId: string }> {
  const charge = { paymentId: uuidv7(), amountMinor: 2500, currency: 'EUR', paymentMethod };
  const order = { orderId: uuidv7(), charge };
  const answer = await stripe.createIntent(order);
  if (answer.kind !== 'created') throw new Error(answer.declineCode);
  return { order, intentId: answer.intentId };
}

/** How many requests a try took. */
async function costOf(work: () => Promise<void>): Promise<number> {
  const before = proxy.requests();
  await work();
  return proxy.requests() - before;
}

async function moved({ orderId }: ChargeOrder): Promise<string[]> {
  return (await provider.ledgerOf(orderId)).map(({ kind, amountMinor }) => `${kind} ${amountMinor}`);
}

const failures = 20;

describe('a charge that failed more often than anybody counts keys', () => {
  it('is made by the first try after the provider is well, and no try costs more than two requests', async () => {
    const { order, intentId } = await made(`pm_error_before_charge_${failures}_times`);
    const costs: number[] = [];
    const attempt = () => stripe.confirm(order, intentId);
    for (let time = 0; time < failures; time++)
      costs.push(await costOf(() => expect(attempt()).rejects.toBeInstanceOf(OutcomeUnknown)));
    costs.push(await costOf(async () => expect(await attempt()).toEqual({ kind: 'captured' })));

    expect(costs).toEqual([1, ...Array<number>(failures).fill(2)]);
    expect(await moved(order)).toEqual(['charge 2500']);
  });
});

describe('a refund that failed more often than anybody counts keys', () => {
  it('is made by the first try after the provider is well, once', async () => {
    const { order, intentId } = await made(`pm_error_before_refund_${failures}_times`);
    await stripe.confirm(order, intentId);
    const costs: number[] = [];
    const attempt = () => stripe.refund(order, intentId);
    for (let time = 0; time < failures; time++)
      costs.push(await costOf(() => expect(attempt()).rejects.toBeInstanceOf(OutcomeUnknown)));
    costs.push(await costOf(async () => expect(await attempt()).toMatchObject({ kind: 'refunded' })));
    expect(await attempt()).toMatchObject({ kind: 'refunded' });

    // Each begins with a look at the refunds that there are.
    expect(costs).toEqual([2, ...Array<number>(failures).fill(3)]);
    expect(await moved(order)).toEqual(['charge 2500', 'refund 2500']);
  });
});
