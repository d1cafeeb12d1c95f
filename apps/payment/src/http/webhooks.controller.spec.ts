import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { HttpRequest } from '@quadrille/service-host';
import { intentEvent, signatureOf } from '../../test/webhook-events.js';
import { webhookSecret } from '../../test/local-provider.js';
import type { Payment } from '../domain/index.js';
import type { PaymentConfiguration } from '../payment-configuration.js';
import { WebhooksController } from './webhooks.controller.js';

const orderId = '01a22833-de31-7323-b8eb-d63e42410a94';
const charge = { paymentId: 'p1', amountMinor: 2500, currency: 'EUR', paymentMethod: 'pm_card_visa' };
const charging: Payment = { status: 'charging', charge, intentId: 'pi_1' };

let payment: Payment;
const send = jest.fn(async (_command: object) => ({ replayed: false, events: 1, answer: null }));
const controller = new WebhooksController(
  { send } as never,
  { ofIntent: async () => ({ orderId, payment }) } as never,
  { STRIPE_WEBHOOK_SECRET: webhookSecret } as PaymentConfiguration,
);

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['Date'] });
  payment = charging;
  send.mockClear();
});
afterEach(() => {
  jest.useRealTimers();
});

function captured() {
  const body = JSON.stringify(intentEvent('succeeded', 'pi_1', 'succeeded'));
  const request: HttpRequest = {
    method: 'POST',
    url: '/v1/provider/webhooks',
    headers: signatureOf(body),
    rawBody: Buffer.from(body),
  };
  return controller.receive(request);
}

describe('a webhook', () => {
  it('that comes while the answer of its call is on its way to the database takes no round', async () => {
    const received = captured();
    await jest.advanceTimersByTimeAsync(400);
    payment = { ...charging, status: 'captured' };
    await jest.runAllTimersAsync();
    await expect(received).resolves.toEqual({ received: true });
    expect(send).not.toHaveBeenCalled();
  });

  it('that tells what nobody has heard is decided', async () => {
    const received = captured();
    await jest.runAllTimersAsync();
    await expect(received).resolves.toEqual({ received: true });
    expect(send.mock.calls.map(([command]) => command)).toEqual([
      { type: 'RecordCaptured', orderId, intentId: 'pi_1' },
    ]);
  });
});
