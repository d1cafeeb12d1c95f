import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scriptedProvider, type Scripted } from '../../test/scripted-provider.js';
import { OutcomeUnknown, ProviderRefusal, type IntentAnswer } from './payment-provider.js';

/** What Stripe's refusals come to, said by a server that can say all of them. */

let provider: Awaited<ReturnType<typeof scriptedProvider>>;

beforeAll(async () => {
  provider = await scriptedProvider();
});

afterAll(() => provider.stop());

const intentId = 'pi_1';
const charge = { paymentId: 'payment-1', amountMinor: 2500, currency: 'EUR', paymentMethod: 'pm_1' };
const order = { orderId: '01890a5d-0000-7000-8000-000000000001', charge };

function refusal(error: object, status = 400): Scripted {
  return { status, body: { error: { type: 'invalid_request_error', message: 'No.', ...error } } };
}

function intent(status: string, more: object = {}): Scripted {
  const object = {
    id: intentId,
    object: 'payment_intent',
    status,
    cancellation_reason: null,
    last_payment_error: null,
  };
  return { status: 200, body: { ...object, ...more } };
}

const usedBefore = refusal({
  message: 'The provided PaymentMethod was previously used with a PaymentIntent. It may not be used again.',
});
const detached = refusal({
  message: 'This PaymentMethod was previously used without being attached to a Customer, and may not be used again.',
});
const wrongKey = refusal({ message: 'Invalid API Key provided.' }, 401);
const rateLimit = refusal({ code: 'rate_limit', message: 'Too many requests with this PaymentMethod.' }, 429);
const conflict: Scripted = { status: 409, body: { error: { type: 'idempotency_error', message: 'In use.' } } };
const failure: Scripted = { status: 500, body: { error: { type: 'api_error', message: 'Sorry.' } } };
const unknownIntent = refusal(
  { code: 'resource_missing', param: 'intent', message: `No such intent: '${intentId}'` },
  404,
);

describe('an intent that is to be made', () => {
  it.each([
    ['was used before', usedBefore, 'invalid_payment_method'],
    ['was detached', detached, 'invalid_payment_method'],
    ['is not activated', refusal({ code: 'payment_method_unactivated' }), 'payment_method_unactivated'],
    ['is not known', refusal({ code: 'resource_missing', param: 'payment_method' }), 'resource_missing'],
  ])('is declined when the payment method %s', async (_, answer, declineCode) => {
    provider.answers({ 'POST payment_intents': [answer] });
    expect(await provider.stripe.createIntent(order)).toEqual({ kind: 'declined', declineCode });
  });

  it.each([
    ['the amount', refusal({ code: 'amount_too_small', param: 'amount' }), 'amount_too_small'],
    ['the currency', refusal({ param: 'currency' }), 'invalid_charge'],
  ])('is declined when %s is nothing that can be charged', async (_, answer, declineCode) => {
    provider.answers({ 'POST payment_intents': [answer] });
    expect(await provider.stripe.createIntent(order)).toEqual({ kind: 'declined', declineCode });
  });

  it.each([
    ['the account', refusal({ message: 'Your account cannot currently make live charges.' })],
    ['another parameter', refusal({ param: 'metadata', message: 'metadata[PaymentMethod] is too long.' })],
  ])('is a matter for a person when it is refused because of %s', async (_, answer) => {
    provider.answers({ 'POST payment_intents': [answer] });
    await expect(provider.stripe.createIntent(order)).rejects.toBeInstanceOf(ProviderRefusal);
  });

  it.each([
    ['a wrong key', wrongKey],
    ['a rate limit', rateLimit],
    ['a conflict', conflict],
    ['an error of Stripe', failure],
  ])('is not decided by %s', async (_, answer) => {
    provider.answers({ 'POST payment_intents': [answer] });
    await expect(provider.stripe.createIntent(order)).rejects.toBeInstanceOf(OutcomeUnknown);
  });
});

describe('a currency', () => {
  it.each(['ISK', 'UGX', 'MGA'])(
    'that has another unit at Stripe (%s) is declined, and Stripe is not asked',
    async (currency) => {
      provider.answers({});
      const inCurrency = { ...order, charge: { ...charge, currency } };
      const declined = { kind: 'declined', declineCode: 'currency_not_supported' };
      expect(await provider.stripe.createIntent(inCurrency)).toEqual(declined);
      expect(provider.calls()).toEqual([]);
    },
  );

  it.each(['EUR', 'JPY', 'KWD'])('that has the unit of ISO 4217 there (%s) is charged as it is', async (currency) => {
    provider.answers({ 'POST payment_intents': [intent('requires_confirmation')] });
    const inCurrency = { ...order, charge: { ...charge, currency } };
    expect(await provider.stripe.createIntent(inCurrency)).toEqual({ kind: 'created', intentId });
  });
});

describe('a confirmation that is turned down', () => {
  it.each([
    ['without a code', usedBefore, 'invalid_payment_method'],
    ['with a code', refusal({ code: 'payment_method_unactivated' }), 'payment_method_unactivated'],
  ])('%s is a decline once the intent is closed', async (_, answer, declineCode) => {
    provider.answers({
      'POST confirm': [answer],
      'GET one': [intent('requires_confirmation')],
      'POST cancel': [intent('canceled')],
    });
    expect(await provider.stripe.confirm(order, intentId)).toEqual({ kind: 'declined', declineCode });
    expect(provider.calls()).toEqual(['POST confirm', 'GET one', 'POST cancel']);
  });

  const found: [string, IntentAnswer][] = [
    ['succeeded', { kind: 'captured' }],
    ['processing', { kind: 'processing' }],
    ['requires_action', { kind: 'customer_needed' }],
    ['requires_payment_method', { kind: 'declined', declineCode: 'card_declined' }],
    ['canceled', { kind: 'cancelled', declineCode: null }],
  ];
  it.each(found)('leaves an intent that is %s alone, and says what it came to', async (status, expected) => {
    provider.answers({ 'POST confirm': [usedBefore], 'GET one': [intent(status)] });
    expect(await provider.stripe.confirm(order, intentId)).toEqual(expected);
    expect(provider.calls()).toEqual(['POST confirm', 'GET one']);
  });

  it('is no decline when the intent was charged before it could be closed', async () => {
    provider.answers({
      'POST confirm': [usedBefore],
      'GET one': [intent('requires_confirmation'), intent('succeeded')],
      'POST cancel': [refusal({ code: 'payment_intent_unexpected_state' })],
    });
    expect(await provider.stripe.confirm(order, intentId)).toEqual({ kind: 'captured' });
  });

  it.each([
    ['GET one', { 'GET one': [failure] }],
    ['POST cancel', { 'GET one': [intent('requires_confirmation')], 'POST cancel': [failure] }],
  ])('is not decided while %s is not answered', async (_, answers) => {
    provider.answers({ 'POST confirm': [usedBefore], ...answers });
    await expect(provider.stripe.confirm(order, intentId)).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it('because Stripe does not know the intent is a matter for a person', async () => {
    provider.answers({ 'POST confirm': [unknownIntent], 'GET one': [unknownIntent] });
    await expect(provider.stripe.confirm(order, intentId)).rejects.toBeInstanceOf(ProviderRefusal);
    expect(provider.calls()).not.toContain('POST cancel');
  });

  it.each([
    ['a wrong key', wrongKey],
    ['a rate limit', rateLimit],
    ['a conflict', conflict],
    ['an error of Stripe', failure],
  ])('by %s is not decided, and nothing is closed', async (_, answer) => {
    provider.answers({ 'POST confirm': [answer] });
    await expect(provider.stripe.confirm(order, intentId)).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(provider.calls()).toEqual(['POST confirm']);
  });
});

describe('a refund that is refused because all of the money went back', () => {
  it('behind the look is looked for again, and is no matter for a person', async () => {
    const alreadyRefunded = refusal({ code: 'charge_already_refunded' });
    provider.answers({ 'GET refunds': [{ status: 200, body: { data: [] } }], 'POST refunds': [alreadyRefunded] });
    await expect(provider.stripe.refund(order, intentId)).rejects.toBeInstanceOf(OutcomeUnknown);
  });
});
