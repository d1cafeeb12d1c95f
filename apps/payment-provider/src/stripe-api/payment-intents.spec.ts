import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import { emptyDirectory, eventually, stripeAt, type TestProvider, testProvider } from '../../test/harness.js';

let directory: Awaited<ReturnType<typeof emptyDirectory>>;
let provider: TestProvider;
let stripe: Stripe;

beforeAll(async () => {
  directory = await emptyDirectory();
  provider = await testProvider(directory.path, { PROVIDER_REFUND_MS: '50', PROVIDER_LATE_MS: '50' });
  stripe = provider.stripe;
});

afterAll(async () => {
  await provider.close();
  await directory.remove();
});

function create(paymentMethod: string, amount = 1999, options: Stripe.RequestOptions = {}) {
  return stripe.paymentIntents.create(
    {
      amount,
      currency: 'eur',
      payment_method: paymentMethod,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: { orderId: `order-of-${paymentMethod}`, paymentId: randomUUID() },
    },
    options,
  );
}

async function failureOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('the call was expected to fail');
}

async function entriesOf(intentId: string) {
  return (await provider.ledger()).filter(({ paymentIntent }) => paymentIntent === intentId);
}

describe('a payment intent', () => {
  it('waits for its confirmation, and then moves the money once', async () => {
    const intent = await create('pm_card_visa');
    expect(intent).toMatchObject({ object: 'payment_intent', status: 'requires_confirmation', amount: 1999 });
    expect(await entriesOf(intent.id)).toEqual([]);
    const key = randomUUID();
    const confirmed = await stripe.paymentIntents.confirm(intent.id, {}, { idempotencyKey: key });
    expect(confirmed).toMatchObject({ status: 'succeeded', amount_received: 1999, currency: 'eur' });
    expect(await entriesOf(intent.id)).toMatchObject([
      { kind: 'charge', amountMinor: 1999, currency: 'EUR', orderId: 'order-of-pm_card_visa', idempotencyKey: key },
    ]);
    const again = await failureOf(stripe.paymentIntents.confirm(intent.id));
    expect(again).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
    expect(again.payment_intent?.status).toBe('succeeded');
    expect(await entriesOf(intent.id)).toHaveLength(1);
  });

  it.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
  ])('with %s is declined as Stripe declines it', async (method, code, declineCode) => {
    const intent = await create(method);
    const error = await failureOf(stripe.paymentIntents.confirm(intent.id));
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
      status: 'requires_payment_method',
      payment_method: null,
      last_payment_error: { code },
    });
    expect(await entriesOf(intent.id)).toEqual([]);
  });

  it('that needs the customer does not move money, and can be cancelled', async () => {
    const intent = await create('pm_card_authenticationRequired');
    expect(await stripe.paymentIntents.confirm(intent.id)).toMatchObject({ status: 'requires_action' });
    const canceled = await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' });
    expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
    expect(await failureOf(stripe.paymentIntents.confirm(intent.id))).toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
  });

  it('that succeeded cannot be cancelled', async () => {
    const intent = await create('pm_card_mastercard');
    await stripe.paymentIntents.confirm(intent.id);
    const error = await failureOf(stripe.paymentIntents.cancel(intent.id));
    expect(error).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
  });

  it('is found again by id and in the list', async () => {
    const intent = await create('pm_card_visa');
    expect((await stripe.paymentIntents.retrieve(intent.id)).metadata).toEqual(intent.metadata);
    const [newest, older] = (await stripe.paymentIntents.list({ limit: 2 })).data;
    expect(newest?.id).toBe(intent.id);
    const next = await stripe.paymentIntents.list({ limit: 1, starting_after: intent.id });
    expect(next.data[0]?.id).toBe(older?.id);
  });
});

describe('an idempotency key', () => {
  it('gives the same answer to the same parameters, and says so', async () => {
    const key = randomUUID();
    const method = 'pm_card_visa';
    const parameters: Stripe.PaymentIntentCreateParams = { amount: 5, currency: 'eur', payment_method: method };
    const first = await stripe.paymentIntents.create(parameters, { idempotencyKey: key });
    const second = await stripe.paymentIntents.create(parameters, { idempotencyKey: key });
    expect(second).toEqual(first);
    expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
  });

  it('refuses other parameters', async () => {
    const key = randomUUID();
    await stripe.paymentIntents.create({ amount: 5, currency: 'eur' }, { idempotencyKey: key });
    const error = await failureOf(
      stripe.paymentIntents.create({ amount: 6, currency: 'eur' }, { idempotencyKey: key }),
    );
    expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  });

  it('conflicts with itself while its first request runs', async () => {
    const intent = await create('pm_slow_1500');
    const confirm = () => stripe.paymentIntents.confirm(intent.id, {}, { idempotencyKey: 'twins' });
    const outcomes = await Promise.allSettled([confirm(), confirm()]);
    expect(outcomes).toContainEqual({ status: 'fulfilled', value: expect.objectContaining({ status: 'succeeded' }) });
    expect(outcomes).toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining({ statusCode: 409, code: 'idempotency_key_in_use' }),
    });
  });

  it('keeps a decline, and an error 500, but not a request that failed validation', async () => {
    const declined = await create('pm_card_chargeDeclined');
    const failed = await create('pm_error_before_charge');
    const [key1, key2, key3] = [randomUUID(), randomUUID(), randomUUID()];
    await failureOf(stripe.paymentIntents.confirm(declined.id, {}, { idempotencyKey: key1 }));
    await failureOf(stripe.paymentIntents.confirm(failed.id, {}, { idempotencyKey: key2 }));
    const again = await failureOf(stripe.paymentIntents.confirm(declined.id, {}, { idempotencyKey: key1 }));
    expect(again).toMatchObject({ statusCode: 402, headers: { 'idempotent-replayed': 'true' } });
    const failedAgain = await failureOf(stripe.paymentIntents.confirm(failed.id, {}, { idempotencyKey: key2 }));
    expect(failedAgain).toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } });
    await failureOf(create('pm_no_such_method', 5, { idempotencyKey: key3 }));
    await expect(create('pm_card_visa', 5, { idempotencyKey: key3 })).resolves.toMatchObject({ amount: 5 });
  });
});

describe('a method that misbehaves', () => {
  it('pm_error_before_charge answers 500 and charges nothing', async () => {
    const intent = await create('pm_error_before_charge');
    expect(await failureOf(stripe.paymentIntents.confirm(intent.id))).toMatchObject({ statusCode: 500 });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'requires_confirmation' });
  });

  it('pm_error_before_charge_1_times charges the second key', async () => {
    const intent = await create('pm_error_before_charge_1_times');
    const confirm = (idempotencyKey: string) => stripe.paymentIntents.confirm(intent.id, {}, { idempotencyKey });
    expect(await failureOf(confirm('spent'))).toMatchObject({ statusCode: 500 });
    expect(await failureOf(confirm('spent'))).toMatchObject({ statusCode: 500 });
    expect(await confirm('fresh')).toMatchObject({ status: 'succeeded' });
  });

  it('pm_single_use is charged once, and then refused as Stripe refuses a PaymentMethod that was used before', async () => {
    const [used, late] = [await create('pm_single_use_1'), await create('pm_single_use_1')];
    await stripe.paymentIntents.confirm(used.id);
    const refusals = [
      await failureOf(create('pm_single_use_1')),
      await failureOf(stripe.paymentIntents.confirm(late.id)),
    ];
    for (const error of refusals) {
      expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
      expect(error.message).toContain('The provided PaymentMethod was previously used');
      expect([error.statusCode, error.code, error.param]).toEqual([400, undefined, undefined]);
    }
    expect(await stripe.paymentIntents.cancel(late.id)).toMatchObject({ status: 'canceled' });
    await expect(create('pm_single_use_2')).resolves.toMatchObject({ status: 'requires_confirmation' });
  });

  it('pm_error_after_charge answers 500 though the money moved', async () => {
    const intent = await create('pm_error_after_charge');
    expect(await failureOf(stripe.paymentIntents.confirm(intent.id))).toMatchObject({ statusCode: 500 });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'succeeded' });
    expect(await entriesOf(intent.id)).toHaveLength(1);
  });

  it('pm_reset_after_charge resets the connection though the money moved; its key knows the answer', async () => {
    const intent = await create('pm_reset_after_charge');
    const path = `${provider.url}/v1/payment_intents/${intent.id}/confirm`;
    const headers = { authorization: 'Bearer sk_test_provider', 'idempotency-key': 'reset' };
    await expect(fetch(path, { method: 'POST', headers })).rejects.toThrow();
    expect(await entriesOf(intent.id)).toHaveLength(1);
    const replay = await fetch(path, { method: 'POST', headers });
    expect(await replay.json()).toMatchObject({ status: 'succeeded' });
  });

  it('pm_silent never answers and never charges; pm_silent_after_charge never answers', async () => {
    for (const [method, charges] of [
      ['pm_silent', 0],
      ['pm_silent_after_charge', 1],
    ] as const) {
      const intent = await create(method);
      const options = { timeout: 300 };
      expect(await failureOf(stripe.paymentIntents.confirm(intent.id, {}, options))).toBeInstanceOf(
        Stripe.errors.StripeConnectionError,
      );
      expect(await entriesOf(intent.id)).toHaveLength(charges);
    }
  });

  it('pm_late_charge never answers, and charges later; meanwhile it cannot be cancelled', async () => {
    const intent = await create('pm_late_charge_600');
    await failureOf(stripe.paymentIntents.confirm(intent.id, {}, { timeout: 100 }));
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'processing' });
    expect(await failureOf(stripe.paymentIntents.cancel(intent.id))).toMatchObject({ statusCode: 400 });
    await eventually(async () => ((await entriesOf(intent.id)).length === 1 ? true : undefined));
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'succeeded' });
  });

  it('pm_processing answers, and charges later', async () => {
    const intent = await create('pm_processing');
    expect(await stripe.paymentIntents.confirm(intent.id)).toMatchObject({ status: 'processing' });
    await eventually(async () => ((await entriesOf(intent.id)).length === 1 ? true : undefined));
  });
});

describe('a method with a balance', () => {
  it('is charged down to nothing, declined beyond, and gets refunds back', async () => {
    await provider.admin('PUT', '/admin/payment-methods/pm_wallet', { balanceMinor: 1000 });
    const first = await create('pm_wallet', 600);
    const second = await create('pm_wallet', 600);
    await stripe.paymentIntents.confirm(first.id);
    expect(await failureOf(stripe.paymentIntents.confirm(second.id))).toMatchObject({
      decline_code: 'insufficient_funds',
    });
    await stripe.refunds.create({ payment_intent: first.id });
    const third = await create('pm_wallet', 1000);
    expect(await stripe.paymentIntents.confirm(third.id)).toMatchObject({ status: 'succeeded' });
  });
});

describe('bad input', () => {
  it.each([
    [{ currency: 'eur' }, 'parameter_missing', 'amount'],
    [{ amount: -5, currency: 'eur' }, 'parameter_invalid', 'amount'],
    [{ amount: 1.5, currency: 'eur' }, 'parameter_invalid', 'amount'],
    [{ amount: 5, currency: 'euro' }, 'parameter_invalid', 'currency'],
    [{ amount: 5, currency: 'eur', colour: 'red' }, 'parameter_unknown', 'colour'],
    [{ amount: 5, currency: 'eur', payment_method: 'pm_no_such' }, 'resource_missing', 'payment_method'],
    [{ amount: 5, currency: 'eur', payment_method: 'constructor' }, 'resource_missing', 'payment_method'],
  ])('%j is refused with %s of %s', async (parameters, code, param) => {
    const call = stripe.paymentIntents.create(parameters as Stripe.PaymentIntentCreateParams);
    expect(await failureOf(call)).toMatchObject({ statusCode: 400, code, param });
  });

  it('an unknown intent is a 404, and a wrong key a 401', async () => {
    expect(await failureOf(stripe.paymentIntents.retrieve('pi_none'))).toMatchObject({ statusCode: 404 });
    const stranger = stripeAt(provider.url, 'sk_test_stranger');
    expect(await failureOf(stranger.paymentIntents.retrieve('pi_none'))).toMatchObject({ statusCode: 401 });
  });
});
