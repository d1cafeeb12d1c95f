import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Stripe } from 'stripe';
import {
  emptyDirectory,
  eventually,
  type TestProvider,
  testProvider,
  webhookEndpoint,
  webhookSecret,
} from '../test/harness.js';

let directory: Awaited<ReturnType<typeof emptyDirectory>>;
let endpoint: Awaited<ReturnType<typeof webhookEndpoint>>;
let provider: TestProvider;

beforeAll(async () => {
  directory = await emptyDirectory();
  endpoint = await webhookEndpoint();
  provider = await testProvider(directory.path, {
    WEBHOOK_URL: endpoint.url,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    PROVIDER_REFUND_MS: '300',
  });
});

afterAll(async () => {
  await provider.close();
  await endpoint.close();
  await directory.remove();
});

beforeEach(async () => {
  endpoint.received.length = 0;
  await provider.admin('DELETE', '/admin/faults');
});

async function confirmed(paymentMethod: string, at = provider): Promise<string> {
  const { id } = await at.stripe.paymentIntents.create({
    amount: 700,
    currency: 'eur',
    payment_method: paymentMethod,
    metadata: { orderId: 'order-1' },
  });
  await at.stripe.paymentIntents.confirm(id).catch((error: unknown) => {
    if (!(error instanceof Stripe.errors.StripeCardError)) throw error;
  });
  return id;
}

function received(count: number) {
  return eventually(() => (endpoint.received.length >= count ? endpoint.received : undefined));
}

describe('webhooks', () => {
  it('are signed so that the official SDK verifies them', async () => {
    const id = await confirmed('pm_card_visa');
    const [webhook] = await received(1);
    const signature = webhook?.headers['stripe-signature'] as string;
    const event = Stripe.webhooks.constructEvent(webhook?.payload ?? '', signature, webhookSecret);
    expect(event).toMatchObject({
      type: 'payment_intent.succeeded',
      data: { object: { id, status: 'succeeded', metadata: { orderId: 'order-1' } } },
    });
    expect(() => Stripe.webhooks.constructEvent(webhook?.payload ?? '', signature, 'whsec_other')).toThrow();
  });

  it('tell of declines, cancellations and refunds', async () => {
    const declined = await confirmed('pm_card_chargeDeclined');
    await received(1);
    await provider.stripe.paymentIntents.cancel(declined);
    await received(2);
    await provider.stripe.refunds.create({ payment_intent: await confirmed('pm_card_visa') });
    await received(5);
    expect(endpoint.types().sort()).toEqual([
      'charge.refunded',
      'payment_intent.canceled',
      'payment_intent.payment_failed',
      'payment_intent.succeeded',
      'refund.updated',
    ]);
  });

  it('tell of a refund that fails after it had succeeded', async () => {
    const intent = await confirmed('pm_card_refundFail');
    const { id } = await provider.stripe.refunds.create({ payment_intent: intent });
    await received(4);
    const told = endpoint.received.map(({ payload }) => JSON.parse(payload) as Stripe.Event);
    const ofRefund = told.flatMap(({ type, data: { object } }) =>
      'status' in object && 'id' in object && object.id === id ? [`${type} ${object.status}`] : [],
    );
    expect(ofRefund.sort()).toEqual(['refund.failed failed', 'refund.updated failed', 'refund.updated succeeded']);
  });

  it('come again until they are taken', async () => {
    endpoint.refuse(1);
    await confirmed('pm_card_visa');
    const [first, second] = await received(2);
    expect(second?.payload).toBe(first?.payload);
  });

  it('come doubled, or not at all, when the administrator wants it so', async () => {
    await provider.admin('PUT', '/admin/faults', { webhooks: 'off' });
    const silenced = await confirmed('pm_card_visa');
    await provider.admin('PUT', '/admin/faults', { webhooks: 'double' });
    await confirmed('pm_card_visa');
    const [first, second] = await received(2);
    expect(second?.payload).toBe(first?.payload);
    expect(first?.payload).not.toContain(silenced);
  });
});

describe('webhooks for several addresses', () => {
  let other: Awaited<ReturnType<typeof webhookEndpoint>>;
  let folder: Awaited<ReturnType<typeof emptyDirectory>>;
  let balanced: TestProvider;
  beforeEach(async () => {
    other = await webhookEndpoint();
    folder = await emptyDirectory();
    balanced = await testProvider(folder.path, {
      WEBHOOK_URL: `${endpoint.url},${other.url}`,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
    });
  });
  afterEach(async () => {
    await balanced.close();
    await other.close();
    await folder.remove();
  });
  const all = (count: number) =>
    eventually(() => (endpoint.received.length + other.received.length >= count ? true : undefined));

  it('go to each in turn', async () => {
    for (let n = 0; n < 4; n++) await confirmed('pm_card_visa', balanced);
    await all(4);
    expect([endpoint.received.length, other.received.length]).toEqual([2, 2]);
  });

  it('go to the others at once while nobody listens at one of them, and wait while nobody listens at all', async () => {
    const warned = jest.spyOn(Logger.prototype, 'warn');
    await other.close();
    for (let n = 0; n < 4; n++) await confirmed('pm_card_visa', balanced);
    await all(4);
    expect(warned).not.toHaveBeenCalled();

    await endpoint.close();
    await confirmed('pm_card_visa', balanced);
    await eventually(() => (warned.mock.calls.length > 0 ? true : undefined));
    expect(warned).toHaveBeenCalledWith(expect.objectContaining({ attempt: 1, message: 'a webhook was not taken' }));
    await endpoint.open();
    await all(5);
    warned.mockRestore();
  });
});
