import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emptyDirectory, eventually, type TestProvider, testProvider } from '../../test/harness.js';

let directory: Awaited<ReturnType<typeof emptyDirectory>>;
let provider: TestProvider;

beforeAll(async () => {
  directory = await emptyDirectory();
  provider = await testProvider(directory.path, { PROVIDER_REFUND_MS: '300' });
});

afterAll(async () => {
  await provider.close();
  await directory.remove();
});

async function charged(paymentMethod: string): Promise<string> {
  const { id } = await provider.stripe.paymentIntents.create({
    amount: 700,
    currency: 'eur',
    payment_method: paymentMethod,
    metadata: { orderId: 'order-1', paymentId: 'payment-1' },
  });
  await provider.stripe.paymentIntents.confirm(id);
  return id;
}

async function refundsOf(intentId: string) {
  return (await provider.ledger()).filter((row) => row.paymentIntent === intentId && row.kind === 'refund');
}

describe('a refund', () => {
  it('gives the whole charge back, once', async () => {
    const intent = await charged('pm_card_visa');
    const refund = () =>
      provider.stripe.refunds.create({ payment_intent: intent }, { idempotencyKey: `${intent}:refund` });
    const first = await refund();
    expect(first).toMatchObject({ object: 'refund', status: 'succeeded', amount: 700, payment_intent: intent });
    expect(await refund()).toEqual(first);
    expect(await refundsOf(intent)).toMatchObject([
      { id: first.id, amountMinor: 700, orderId: 'order-1', idempotencyKey: `${intent}:refund` },
    ]);
    await expect(provider.stripe.refunds.create({ payment_intent: intent })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    expect(await provider.stripe.refunds.retrieve(first.id)).toMatchObject({ status: 'succeeded' });
    expect((await provider.stripe.refunds.list({ payment_intent: intent })).data).toEqual([first]);
  });

  it('never gives back more than was charged', async () => {
    const intent = await charged('pm_card_visa');
    const part = await provider.stripe.refunds.create({ payment_intent: intent, amount: 500 });
    await expect(provider.stripe.refunds.create({ payment_intent: intent, amount: 201 })).rejects.toMatchObject({
      statusCode: 400,
    });
    expect(await refundsOf(intent)).toHaveLength(1);
    const rest = await provider.stripe.refunds.create({ payment_intent: intent });
    expect(rest.amount).toBe(200);
    const ofIntent = await provider.stripe.refunds.list({ payment_intent: intent });
    expect(ofIntent.data.map(({ id }) => id)).toEqual([rest.id, part.id]);
  });

  it('of what was never charged is refused', async () => {
    const { id } = await provider.stripe.paymentIntents.create({ amount: 1, currency: 'eur' });
    await expect(provider.stripe.refunds.create({ payment_intent: id })).rejects.toMatchObject({
      code: 'charge_not_refundable',
    });
  });

  it.each([
    ['pm_card_pendingRefund', 'succeeded', 1],
    ['pm_refund_pending_then_fails', 'failed', 0],
  ])('with %s is pending, and then %s', async (method, status, moved) => {
    const intent = await charged(method);
    const { id, status: atFirst } = await provider.stripe.refunds.create({ payment_intent: intent });
    expect(atFirst).toBe('pending');
    await eventually(async () => ((await provider.stripe.refunds.retrieve(id)).status === status ? true : undefined));
    expect(await refundsOf(intent)).toHaveLength(moved);
  });

  it('with pm_card_refundFail succeeds, and is failed when it is looked at later; the money never moved', async () => {
    const intent = await charged('pm_card_refundFail');
    const refund = () => provider.stripe.refunds.create({ payment_intent: intent });
    const { id, status: atFirst } = await refund();
    expect(atFirst).toBe('succeeded');
    await expect(refund()).rejects.toMatchObject({ code: 'charge_already_refunded' });
    await eventually(async () => ((await provider.stripe.refunds.retrieve(id)).status === 'failed' ? true : undefined));
    expect(await refundsOf(intent)).toEqual([]);
    expect((await refund()).status).toBe('succeeded');
  });

  it('with pm_refund_fails_later_1_times fails later, and the second one stays', async () => {
    const intent = await charged('pm_refund_fails_later_1_times');
    const refund = () => provider.stripe.refunds.create({ payment_intent: intent });
    const { id } = await refund();
    await eventually(async () => ((await provider.stripe.refunds.retrieve(id)).status === 'failed' ? true : undefined));
    const second = await refund();
    expect(await refundsOf(intent)).toMatchObject([{ id: second.id, amountMinor: 700 }]);
  });

  it('with pm_refund_fails fails at once', async () => {
    const intent = await charged('pm_refund_fails');
    expect(await provider.stripe.refunds.create({ payment_intent: intent })).toMatchObject({
      status: 'failed',
      failure_reason: 'lost_or_stolen_card',
    });
    expect(await refundsOf(intent)).toEqual([]);
  });

  it('with pm_refund_fails_2_times is unavailable twice, with any key', async () => {
    const intent = await charged('pm_refund_fails_2_times');
    const refund = () => provider.stripe.refunds.create({ payment_intent: intent }, { idempotencyKey: 'patience' });
    await expect(refund()).rejects.toMatchObject({ statusCode: 503 });
    await expect(refund()).rejects.toMatchObject({ statusCode: 503 });
    expect(await refund()).toMatchObject({ status: 'succeeded' });
  });

  it('with pm_error_before_refund_1_times is made with the second key', async () => {
    const intent = await charged('pm_error_before_refund_1_times');
    const refund = (key: string) =>
      provider.stripe.refunds.create({ payment_intent: intent }, { idempotencyKey: `${intent}:${key}` });
    await expect(refund('spent')).rejects.toMatchObject({ statusCode: 500 });
    await expect(refund('spent')).rejects.toMatchObject({ statusCode: 500 });
    expect(await refundsOf(intent)).toEqual([]);
    expect(await refund('fresh')).toMatchObject({ status: 'succeeded' });
  });
});
