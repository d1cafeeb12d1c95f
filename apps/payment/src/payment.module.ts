import { Module } from '@nestjs/common';
import { TaskGuard } from '@quadrille/event-log';
import { Registry } from '@quadrille/observability';
import { ParticipantModule, ServiceLogger } from '@quadrille/service-host';
import { PaymentsController } from './http/payments.controller.js';
import { WebhooksController } from './http/webhooks.controller.js';
import { paymentParticipant } from './participant.js';
import { PaymentConfiguration } from './payment-configuration.js';
import { PaymentProvider } from './provider/payment-provider.js';
import { PaymentWorker } from './provider/payment-worker.js';
import { providerGuard } from './provider/provider-guard.js';
import { StripeProvider } from './provider/stripe-provider.js';
import { Payments } from './storage/payments.js';

@Module({
  imports: [
    ParticipantModule.for(paymentParticipant, {
      configuration: PaymentConfiguration,
      worker: PaymentWorker,
      providers: [
        Payments,
        { provide: PaymentProvider, useClass: StripeProvider },
        { provide: TaskGuard, useFactory: providerGuard, inject: [PaymentConfiguration, Registry, ServiceLogger] },
      ],
      // A webhook of an intent that is not known yet is to come again.
      refusals: { unknown_intent: 503 },
    }),
  ],
  controllers: [PaymentsController, WebhooksController],
  providers: [Payments],
})
export class PaymentModule {}
