import type { INestApplication } from '@nestjs/common';
import { CommandGate, migrate } from '@quadrille/event-log';
import { declareTopology, startService, tableOf } from '@quadrille/service-host';
import { bootService, type Reply, type ServiceWorld } from '@quadrille/testing';
import { v7 as uuidv7 } from 'uuid';
import type { Payment, PaymentCommand } from '../src/domain/index.js';
import { paymentParticipant } from '../src/participant.js';
import { PaymentModule } from '../src/payment.module.js';
import { Payments } from '../src/storage/payments.js';
import { secretKey, startLocalProvider, webhookSecret, type LocalProvider } from './local-provider.js';
import { signatureOf } from './webhook-events.js';

export interface PaymentService extends ServiceWorld<INestApplication> {
  readonly provider: LocalProvider;
  tell(...commands: PaymentCommand[]): Promise<void>;
  /** An order whose charge is asked for; the service's own worker takes it from there. */
  order(paymentMethod: string, amountMinor?: number): Promise<string>;
  payment(orderId: string): Promise<Payment>;
  /** Waits until the payment is as `expected` says. */
  becomes(orderId: string, expected: (payment: Payment) => boolean): Promise<Payment>;
  /** A webhook as the provider would send it. */
  webhook(event: object | string): Promise<Reply>;
}

/** The whole payment service, with the real provider as its own process, and what `reach` puts between the two. */
export async function bootPaymentService(
  variables: Record<string, string> = {},
  reach: (providerUrl: string) => Promise<string> = async (url) => url,
): Promise<PaymentService> {
  const provider = await startLocalProvider();
  const listener = { service: 'listener', hears: paymentParticipant.choreography.announces, announces: [] };
  const world = await bootService<INestApplication>(
    {
      migrate: (url) => migrate(url, paymentParticipant),
      declareTopology: (url) =>
        declareTopology({ url, tables: [tableOf(paymentParticipant), listener], partitions: 1 }),
      start: () => startService(PaymentModule, paymentParticipant),
    },
    {
      PARTITIONS: '1',
      STRIPE_SECRET_KEY: secretKey,
      STRIPE_API_URL: await reach(provider.url),
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      PROVIDER_TIMEOUT_MS: '1500',
      ...variables,
    },
  );
  const gate = world.app.get<CommandGate<PaymentCommand, Payment>>(CommandGate);
  const payments = world.app.get(Payments);
  const cause = { correlationId: 'spec', causationId: 'spec' };
  const tell = async (...commands: PaymentCommand[]) => {
    for (const command of commands) await gate.send(command, { cause, answer: () => null });
  };
  return {
    ...world,
    provider,
    tell,
    order: async (paymentMethod, amountMinor = 2500) => {
      const orderId = uuidv7();
      await tell(
        { type: 'RememberAmount', orderId, amountMinor, currency: 'EUR', paymentMethod },
        { type: 'RememberStock', orderId },
      );
      return orderId;
    },
    payment: (orderId) => payments.ofOrder(orderId),
    becomes: async (orderId, expected) => {
      const end = Date.now() + 40_000;
      for (;;) {
        const payment = await payments.ofOrder(orderId);
        if (expected(payment)) return payment;
        if (Date.now() > end) throw new Error(`the payment stayed ${JSON.stringify(payment)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    webhook: (event) => world.send('POST', '/v1/provider/webhooks', event, signatureOf(event)),
    stop: async () => {
      await world.stop();
      await provider.stop();
    },
  };
}
