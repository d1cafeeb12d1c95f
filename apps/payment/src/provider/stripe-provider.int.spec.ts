import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { impatientGuard } from '../../test/impatient-guard.js';
import { type LocalProvider, secretKey, startLocalProvider } from '../../test/local-provider.js';
import { paymentsOnDatabase, type TestPayments } from '../../test/payments-on.js';
import type { Payment } from '../domain/index.js';
import type { PaymentConfiguration } from '../payment-configuration.js';
import { PaymentWorker } from './payment-worker.js';
import { StripeProvider } from './stripe-provider.js';

/** The worker, the adapter and the official SDK against the real provider and a real database. */

let provider: LocalProvider;
let payments: TestPayments;
let worker: PaymentWorker;

beforeAll(async () => {
  [provider, payments] = await Promise.all([startLocalProvider({ PROVIDER_REFUND_MS: '300' }), paymentsOnDatabase()]);
  worker = workerWith({ PROVIDER_TIMEOUT_MS: 3000 });
});

afterEach(() => provider.admin('DELETE', '/admin/faults'));

afterAll(async () => {
  await provider.stop();
  await payments.close();
});

function workerWith(settings: Partial<PaymentConfiguration>): PaymentWorker {
  return new PaymentWorker(payments.payments, stripeWith(settings), impatientGuard());
}

function stripeWith(settings: Partial<PaymentConfiguration>): StripeProvider {
  const configuration = { STRIPE_SECRET_KEY: secretKey, STRIPE_API_URL: provider.url, ...settings };
  return new StripeProvider(configuration as PaymentConfiguration);
}

/** Works until nothing is awaited, and answers with the kinds of results on the way. */
async function settled(orderId: string, by = worker): Promise<string[]> {
  const kinds: string[] = [];
  const end = Date.now() + 40_000;
  for (;;) {
    const result = await payments.work(orderId, by);
    if (!result) return kinds;
    kinds.push(result.kind === 'answer' ? result.command.type : result.kind);
    if (result.kind === 'give-up') return kinds;
    if (Date.now() > end) throw new Error(`not settled: ${kinds.join(', ')}`);
    // As long as the agenda would wait.
    if (result.kind !== 'answer') await sleep(result.delayMs);
  }
}

function statusOf(orderId: string): Promise<Payment> {
  return payments.payments.ofOrder(orderId);
}

async function moved(orderId: string): Promise<string[]> {
  return (await provider.ledgerOf(orderId)).map(({ kind, amountMinor }) => `${kind} ${amountMinor}`);
}

const abandon = (orderId: string) => payments.send({ type: 'Abandon', orderId });

describe('a charge', () => {
  it('is captured, with keys that are made of the payment id', async () => {
    const orderId = await payments.charging('pm_card_visa', 1250);
    expect(await settled(orderId)).toEqual(['RecordIntent', 'RecordCaptured']);
    const payment = await statusOf(orderId);
    if (payment.status !== 'captured') throw new Error(payment.status);
    const { paymentId } = payment.charge;
    expect(await provider.ledgerOf(orderId)).toMatchObject([
      { kind: 'charge', amountMinor: 1250, currency: 'EUR', paymentId, idempotencyKey: `${paymentId}:confirm` },
    ]);
  });

  it.each([
    ['pm_card_chargeDeclined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_authenticationRequired', 'authentication_required'],
    ['pm_card_of_nobody', 'resource_missing'],
  ])('with %s is declined with %s', async (method, declineCode) => {
    const orderId = await payments.charging(method);
    await settled(orderId);
    expect(await statusOf(orderId)).toMatchObject({ status: 'declined', declineCode });
    expect(await moved(orderId)).toEqual([]);
  });

  it('with a card that was used before is declined, and has no intent', async () => {
    const [used, again] = [await payments.charging('pm_single_use_1'), await payments.charging('pm_single_use_1')];
    await settled(used);
    expect(await settled(again)).toEqual(['RecordDeclined']);
    const declined = { status: 'declined', declineCode: 'invalid_payment_method', intentId: null };
    expect(await statusOf(again)).toMatchObject(declined);
    expect(await moved(again)).toEqual([]);
  });

  it('with a card that was used after the intent was made is declined, and its intent closed', async () => {
    const [used, late] = [await payments.charging('pm_single_use_2'), await payments.charging('pm_single_use_2')];
    await payments.work(late, worker);
    await settled(used);
    expect(await settled(late)).toEqual(['RecordDeclined']);
    const payment = await statusOf(late);
    expect(payment).toMatchObject({ status: 'declined', declineCode: 'invalid_payment_method' });
    const { intentId } = payment as { intentId: string };
    expect(await stripeWith({}).lookUp(intentId)).toEqual({ kind: 'cancelled', declineCode: null });
    expect(await moved(late)).toEqual([]);
  });

  it.each(['pm_error_after_charge', 'pm_reset_after_charge', 'pm_silent_after_charge'])(
    'whose answer is lost (%s) is looked up, and made once',
    async (method) => {
      const impatient = workerWith({ PROVIDER_TIMEOUT_MS: 400 });
      const orderId = await payments.charging(method);
      expect(await settled(orderId, impatient)).toEqual(['RecordIntent', 'again', 'RecordCaptured']);
      expect(await moved(orderId)).toEqual(['charge 2500']);
    },
  );

  it.each(['pm_processing_500', 'pm_late_charge_700'])('that lands late (%s) is waited for', async (method) => {
    const impatient = workerWith({ PROVIDER_TIMEOUT_MS: 400 });
    const orderId = await payments.charging(method);
    const kinds = await settled(orderId, impatient);
    expect(kinds).toContain('again');
    expect(await statusOf(orderId)).toMatchObject({ status: 'captured' });
    expect(await moved(orderId)).toEqual(['charge 2500']);
  });

  it('whose confirmation left an error 500 for its key is made with a key of the present time', async () => {
    const orderId = await payments.charging('pm_error_before_charge_2_times');
    expect(await settled(orderId)).toEqual(['RecordIntent', 'again', 'again', 'RecordCaptured']);
    const [charge] = await provider.ledgerOf(orderId);
    expect(charge?.idempotencyKey).toMatch(new RegExp(`^${charge?.paymentId}:confirm:\\d{4}-`));
  });

  it('that the provider fails again and again is never a decline, and can still be cancelled', async () => {
    const orderId = await payments.charging('pm_error_before_charge');
    await payments.work(orderId, worker);
    for (let run = 0; run < 10; run++)
      expect(await payments.work(orderId, worker, run)).toMatchObject({ kind: 'again' });
    expect(await statusOf(orderId)).toMatchObject({ status: 'charging' });
    await abandon(orderId);
    expect(await settled(orderId)).toEqual(['RecordNotCharged']);
    expect(await moved(orderId)).toEqual([]);
  });

  it('is made once though two replicas work on it at the same time', async () => {
    const orderId = await payments.charging('pm_slow_300');
    const other = workerWith({ PROVIDER_TIMEOUT_MS: 3000 });
    await Promise.all([payments.work(orderId, worker), payments.work(orderId, other)]);
    await Promise.all([payments.work(orderId, worker), payments.work(orderId, other)]);
    await settled(orderId);
    expect(await statusOf(orderId)).toMatchObject({ status: 'captured' });
    expect(await moved(orderId)).toEqual(['charge 2500']);
  });

  it('whose webhook comes before the response is captured once', async () => {
    const orderId = await payments.charging('pm_slow_500');
    await payments.work(orderId, worker);
    const confirming = payments.work(orderId, worker);
    const { intentId } = (await statusOf(orderId)) as { intentId: string };
    await payments.send({ type: 'RecordCaptured', orderId, intentId });
    expect(await confirming).toMatchObject({ command: { type: 'RecordCaptured' } });
    const [again] = await payments.send({ type: 'RecordCaptured', orderId, intentId });
    expect(again).toMatchObject({ kind: 'decided', events: 0 });
    expect(await moved(orderId)).toEqual(['charge 2500']);
  });

  it('survives a provider that loses half of its answers and fails the other half', async () => {
    await provider.admin('PUT', '/admin/faults', { errorRate: 0.3, loseAnswerRate: 0.4 });
    const orders = await Promise.all(Array.from({ length: 10 }, () => payments.charging('pm_card_visa')));
    await Promise.all(orders.map((orderId) => settled(orderId)));
    for (const orderId of orders) expect(await moved(orderId)).toEqual(['charge 2500']);
  });

  it('waits while the provider is down', async () => {
    await provider.admin('PUT', '/admin/faults', { down: true });
    const orderId = await payments.charging('pm_card_visa');
    expect(await payments.work(orderId, worker)).toMatchObject({ kind: 'again' });
    await provider.admin('DELETE', '/admin/faults');
    expect(await settled(orderId)).toEqual(['RecordIntent', 'RecordCaptured']);
  });
});

describe('an order that is cancelled while the answer is unknown', () => {
  it('before its intent was committed ends closed, with nothing charged', async () => {
    const orderId = await payments.charging('pm_card_visa');
    await abandon(orderId);
    expect(await settled(orderId)).toEqual(['RecordIntent', 'RecordNotCharged']);
    expect(await statusOf(orderId)).toMatchObject({ status: 'closed' });
    expect(await moved(orderId)).toEqual([]);
  });

  it('while the provider is silent ends closed, with nothing charged', async () => {
    const orderId = await payments.charging('pm_silent');
    const impatient = workerWith({ PROVIDER_TIMEOUT_MS: 300 });
    await payments.work(orderId, impatient);
    expect(await payments.work(orderId, impatient)).toMatchObject({ kind: 'again' });
    await abandon(orderId);
    expect(await settled(orderId)).toEqual(['RecordNotCharged']);
    expect(await moved(orderId)).toEqual([]);
  });

  it.each(['pm_silent_after_charge', 'pm_late_charge_900'])(
    'though the money moved (%s) gets it back, once',
    async (method) => {
      const orderId = await payments.charging(method);
      const impatient = workerWith({ PROVIDER_TIMEOUT_MS: 300 });
      await payments.work(orderId, impatient);
      await payments.work(orderId, impatient);
      await abandon(orderId);
      const kinds = await settled(orderId);
      expect(kinds.filter((kind) => kind !== 'again')).toEqual(['RecordCaptured', 'RecordRefunded']);
      expect(await moved(orderId)).toEqual(['charge 2500', 'refund 2500']);
      expect(await statusOf(orderId)).toMatchObject({ status: 'refunded', refundId: expect.stringMatching(/^re_/) });
    },
  );

  it('loses the race to a confirmation that comes later: the provider refuses it', async () => {
    const orderId = await payments.charging('pm_slow_800');
    await payments.work(orderId, worker);
    const confirming = payments.work(orderId, worker);
    await abandon(orderId);
    await Promise.all([confirming, settled(orderId)]);
    await settled(orderId);
    const ledger = await moved(orderId);
    const { status } = await statusOf(orderId);
    expect([`closed ${[]}`, 'refunded charge 2500,refund 2500']).toContain(`${status} ${ledger}`);
  });
});

describe('a refund', () => {
  async function refunding(method: string): Promise<string> {
    const orderId = await payments.charging(method);
    await settled(orderId);
    await abandon(orderId);
    return orderId;
  }

  it('is made once, with a key that is made of the payment id', async () => {
    const orderId = await refunding('pm_card_visa');
    const { charge } = (await statusOf(orderId)) as { charge: { paymentId: string } };
    expect(await settled(orderId)).toEqual(['RecordRefunded']);
    const [, refund] = await provider.ledgerOf(orderId);
    expect(refund).toMatchObject({ kind: 'refund', idempotencyKey: `${charge.paymentId}:refund` });
  });

  it('whose answer is lost is found again', async () => {
    const orderId = await refunding('pm_card_visa');
    await provider.admin('PUT', '/admin/faults', { loseAnswerRate: 0.5 });
    await settled(orderId);
    expect(await moved(orderId)).toEqual(['charge 2500', 'refund 2500']);
  });

  it('that was made and could not be recorded is found again', async () => {
    const orderId = await refunding('pm_card_visa');
    const cause = { correlationId: 'spec', causationId: 'spec' };
    const refund = () => worker.perform({ stream: `payment-${orderId}`, task: 'refund', attempts: 0, cause });
    const made = await refund();
    expect(made).toMatchObject({ kind: 'answer', command: { type: 'RecordRefunded', orderId } });
    expect(await refund()).toEqual(made);
    expect(await moved(orderId)).toEqual(['charge 2500', 'refund 2500']);
  });

  it('is tried until the provider takes it', async () => {
    const orderId = await refunding('pm_refund_fails_3_times');
    expect(await settled(orderId)).toEqual(['again', 'again', 'again', 'RecordRefunded']);
    expect(await moved(orderId)).toEqual(['charge 2500', 'refund 2500']);
  });

  it('that is pending is waited for', async () => {
    const orderId = await refunding('pm_card_pendingRefund');
    expect(await settled(orderId)).toEqual(expect.arrayContaining(['again', 'RecordRefunded']));
    expect(await moved(orderId)).toEqual(['charge 2500', 'refund 2500']);
  });

  it('that fails after it had succeeded is given up once that is heard, until a person has refunded another way', async () => {
    const orderId = await refunding('pm_refund_fails_later_1_times');
    expect(await settled(orderId)).toEqual(['RecordRefunded']);
    const { intentId, refundId } = (await statusOf(orderId)) as { intentId: string; refundId: string };
    await provider.refundFails(refundId);
    await payments.send({ type: 'RecordRefundFailed', orderId, refundId });
    expect(await settled(orderId)).toEqual(['give-up']);
    expect(await payments.work(orderId, worker)).toMatchObject({
      kind: 'give-up',
      reason: expect.stringContaining(`${refundId} failed`),
    });
    expect(await moved(orderId)).toEqual(['charge 2500']);

    await provider.dashboard.refunds.create({ payment_intent: intentId });
    expect(await settled(orderId)).toEqual(['RecordRefunded']);
    const payment = await statusOf(orderId);
    expect(payment).toMatchObject({ status: 'refunded', failedRefunds: [refundId] });
    expect(payment).not.toMatchObject({ refundId });
    expect(await moved(orderId)).toEqual(['charge 2500', 'refund 2500']);
  });

  it.each(['pm_refund_fails', 'pm_refund_pending_then_fails'])(
    'that fails for good (%s) is given up, and not tried again',
    async (method) => {
      const orderId = await refunding(method);
      expect((await settled(orderId)).at(-1)).toBe('give-up');
      expect(await payments.work(orderId, worker)).toMatchObject({
        kind: 'give-up',
        reason: expect.stringContaining('refund the rest at the provider'),
      });
      expect(await moved(orderId)).toEqual(['charge 2500']);
      expect(await statusOf(orderId)).toMatchObject({ status: 'refunding' });
    },
  );
});
