import { beforeEach, describe, expect, it } from '@jest/globals';
import { impatientGuard } from '../../test/impatient-guard.js';
import type { Payment } from '../domain/index.js';
import type { Payments } from '../storage/payments.js';
import { OutcomeUnknown, PaymentProvider, ProviderRefusal } from './payment-provider.js';
import { PaymentWorker } from './payment-worker.js';

const orderId = '01890a5d-0000-7000-8000-000000000001';
const charge = { paymentId: 'payment-1', amountMinor: 2500, currency: 'EUR', paymentMethod: 'pm_card_visa' };
const intentId = 'pi_1';

type Call = 'createIntent' | 'lookUp' | 'confirm' | 'cancel' | 'refund';

/** Answers each call with what the scenario says; anything else is a call that must not be made. */
class ScriptedProvider extends PaymentProvider {
  readonly calls: string[] = [];
  script: Partial<Record<Call, unknown>> = {};

  createIntent = () => this.answer<'createIntent'>('createIntent');
  lookUp = () => this.answer<'lookUp'>('lookUp');
  confirm = () => this.answer<'confirm'>('confirm');
  cancel = (_: string, reason: string) => this.answer<'cancel'>('cancel', ` ${reason}`);
  refund = () => this.answer<'refund'>('refund');

  private async answer<Name extends Call>(
    name: Name,
    details = '',
  ): Promise<Awaited<ReturnType<PaymentProvider[Name]>>> {
    this.calls.push(`${name}${details}`);
    const said = this.script[name];
    if (said === undefined) throw new Error(`${name} must not be called here`);
    if (said instanceof Error) throw said;
    return said as Awaited<ReturnType<PaymentProvider[Name]>>;
  }
}

let provider: ScriptedProvider;

beforeEach(() => {
  provider = new ScriptedProvider();
});

/** The payment is as the first says when the task begins, and as `later` says from then on. */
async function perform(task: string, payment: Payment, script: ScriptedProvider['script'], later: Payment = payment) {
  provider.script = script;
  const reads = [payment];
  const payments: Pick<Payments, 'ofOrder'> = { ofOrder: async () => reads.pop() ?? later };
  const worker = new PaymentWorker(payments as Payments, provider, impatientGuard());
  const cause = { correlationId: 'spec', causationId: 'spec' };
  return worker.perform({ stream: `payment-${orderId}`, task, attempts: 0, cause });
}

const charging: Payment = { status: 'charging', charge, intentId };
const cancelling: Payment = { status: 'cancelling', charge, intentId };
const refunding: Payment = { status: 'refunding', charge, intentId, refundId: null, failedRefunds: [] };
const uncommitted: Payment = { ...charging, intentId: null };
const silence = new OutcomeUnknown('no answer');

/** The step behind the answer, which is taken when the answer is committed. */
async function performNext(script: ScriptedProvider['script'], later: Payment) {
  const created = { createIntent: { kind: 'created', intentId }, ...script };
  const result = await perform('charge', uncommitted, created, later);
  if (result.kind !== 'answer' || !result.next) throw new Error(`nothing follows ${JSON.stringify(result)}`);
  return result.next();
}

describe('a charge', () => {
  it('begins with an intent, and is not confirmed before its id is committed', async () => {
    const result = await perform(
      'charge',
      { ...charging, intentId: null },
      { createIntent: { kind: 'created', intentId } },
    );
    expect(result).toEqual({
      kind: 'answer',
      command: { type: 'RecordIntent', orderId, intentId },
      next: expect.any(Function),
    });
    expect(provider.calls).toEqual(['createIntent']);
  });

  it('whose intent was committed a moment ago is confirmed without a look', async () => {
    const result = await performNext({ confirm: { kind: 'captured' } }, charging);
    expect(result).toEqual({ kind: 'answer', command: { type: 'RecordCaptured', orderId, intentId } });
    expect(provider.calls).toEqual(['createIntent', 'confirm']);
  });

  it.each([
    ['was cancelled', cancelling],
    ['was concluded by a webhook', { ...charging, status: 'captured' }],
    ['has another intent', { ...charging, intentId: 'pi_2' }],
  ] as [string, Payment][])('is not confirmed when the payment %s meanwhile', async (_, later) => {
    expect(await performNext({}, later)).toEqual({ kind: 'again', reason: expect.any(String), delayMs: 0 });
    expect(provider.calls).toEqual(['createIntent']);
  });

  it('that gets no answer to its first confirmation is unknown, and never a decline', async () => {
    expect(await performNext({ confirm: silence }, charging)).toEqual({
      kind: 'again',
      reason: expect.any(String),
      delayMs: expect.any(Number),
    });
  });

  it('of a payment method that the provider does not know is declined', async () => {
    const answer = { kind: 'declined', declineCode: 'resource_missing' };
    const result = await perform('charge', { ...charging, intentId: null }, { createIntent: answer });
    expect(result).toEqual({
      kind: 'answer',
      command: { type: 'RecordDeclined', orderId, declineCode: 'resource_missing' },
    });
  });

  it('is confirmed when a look finds it unconfirmed', async () => {
    const script = { lookUp: { kind: 'unconfirmed' }, confirm: { kind: 'captured' } };
    const result = await perform('charge', charging, script);
    expect(result).toEqual({ kind: 'answer', command: { type: 'RecordCaptured', orderId, intentId } });
    expect(provider.calls).toEqual(['lookUp', 'confirm']);
  });

  it('that a look finds captured or declined is not confirmed again', async () => {
    expect(await perform('charge', charging, { lookUp: { kind: 'captured' } })).toMatchObject({
      command: { type: 'RecordCaptured' },
    });
    expect(await perform('charge', charging, { lookUp: { kind: 'declined', declineCode: 'lost_card' } })).toMatchObject(
      {
        command: { type: 'RecordDeclined', declineCode: 'lost_card' },
      },
    );
    expect(await perform('charge', charging, { lookUp: { kind: 'cancelled', declineCode: null } })).toMatchObject({
      command: { type: 'RecordNotCharged' },
    });
  });

  it.each([
    ['the intent could not be made', { ...charging, intentId: null }, { createIntent: silence }],
    ['the look was not answered', charging, { lookUp: silence }],
    ['the confirmation was not answered', charging, { lookUp: { kind: 'unconfirmed' }, confirm: silence }],
    ['it is under way', charging, { lookUp: { kind: 'processing' } }],
    [
      'it was cancelled for the customer, and that was not answered',
      charging,
      { lookUp: { kind: 'customer_needed' }, cancel: silence },
    ],
  ] as [string, Payment, ScriptedProvider['script']][])(
    'is unknown, and never a decline, when %s',
    async (_, payment, script) => {
      expect(await perform('charge', payment, script)).toEqual({
        kind: 'again',
        reason: expect.any(String),
        delayMs: expect.any(Number),
      });
    },
  );

  it('that needs the customer is closed at the provider before it counts as declined', async () => {
    const script = {
      lookUp: { kind: 'unconfirmed' },
      confirm: { kind: 'customer_needed' },
      cancel: { kind: 'cancelled', declineCode: 'authentication_required' },
    };
    expect(await perform('charge', charging, script)).toMatchObject({
      command: { type: 'RecordDeclined', declineCode: 'authentication_required' },
    });
    expect(provider.calls).toEqual(['lookUp', 'confirm', 'cancel customer_needed']);
  });

  it('that needed the customer, who was quicker than we, is captured', async () => {
    const script = { lookUp: { kind: 'customer_needed' }, cancel: { kind: 'captured' } };
    expect(await perform('charge', charging, script)).toMatchObject({ command: { type: 'RecordCaptured' } });
  });

  it('that the provider will not hear of becomes a dead letter', async () => {
    const script = { lookUp: new ProviderRefusal('no such intent') };
    expect(await perform('charge', charging, script)).toEqual({ kind: 'give-up', reason: 'no such intent' });
  });

  it('that another replica has finished meanwhile is left alone', async () => {
    expect(await perform('charge', { ...charging, status: 'captured' }, {})).toMatchObject({ kind: 'again' });
    expect(await perform('charge', cancelling, {})).toMatchObject({ kind: 'again' });
    expect(provider.calls).toEqual([]);
  });
});

describe('a cancelled order', () => {
  it.each([
    [{ kind: 'cancelled', declineCode: null }, 'RecordNotCharged'],
    [{ kind: 'captured' }, 'RecordCaptured'],
  ])('closes the intent: %j leads to %s', async (cancel, type) => {
    expect(await perform('settle', cancelling, { cancel })).toMatchObject({
      kind: 'answer',
      command: { type, orderId },
    });
    expect(provider.calls).toEqual(['cancel order_cancelled']);
  });

  it('whose charge is still under way is asked for again', async () => {
    expect(await perform('settle', cancelling, { cancel: { kind: 'processing' } })).toMatchObject({ kind: 'again' });
  });

  it('whose intent was never committed finds it first', async () => {
    const result = await perform(
      'settle',
      { ...cancelling, intentId: null },
      { createIntent: { kind: 'created', intentId } },
    );
    expect(result).toMatchObject({ command: { type: 'RecordIntent', intentId } });
  });
});

describe('a refund', () => {
  it.each([
    [
      { kind: 'refunded', refundId: 're_1' },
      { kind: 'answer', command: { type: 'RecordRefunded', orderId, refundId: 're_1' } },
    ],
    [{ kind: 'pending' }, { kind: 'again' }],
    [
      { kind: 'failed', reason: 'lost_or_stolen_card' },
      { kind: 'give-up', reason: 'lost_or_stolen_card' },
    ],
    [silence, { kind: 'again' }],
  ])('that is %j ends as %j', async (refund, expected) => {
    expect(await perform('refund', refunding, { refund })).toMatchObject(expected);
  });
});
