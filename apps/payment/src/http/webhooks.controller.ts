import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CommandGate, type Cause } from '@quadrille/event-log';
import { ProblemException, requestCause, type HttpRequest } from '@quadrille/service-host';
import { Stripe } from 'stripe';
import { isHeard, type Payment, type PaymentCommand } from '../domain/index.js';
import { PaymentConfiguration } from '../payment-configuration.js';
import { Payments } from '../storage/payments.js';
import { readWebhook, type Webhook } from './webhook-event.js';

/** Longer than the answer of the call that caused it mostly takes to be committed, under full load too. */
const patienceMs = 500;

/**
 * What the provider tells on its own. It may come twice, late, in any order and before the answer of the call that caused it,
 * and it says nothing that the worker would not find out by itself: it only is sooner. So it is in no hurry, and what the worker
 * has heard by then takes no round. Only that a refund failed which had succeeded is told here alone.
 */
@ApiTags('provider')
@Controller('v1/provider/webhooks')
export class WebhooksController {
  constructor(
    private readonly gate: CommandGate<PaymentCommand, Payment>,
    private readonly payments: Payments,
    private readonly configuration: PaymentConfiguration,
  ) {}

  /** 503 for an intent that is not known here, so that it comes again: its id may not be committed yet. */
  @Post()
  @HttpCode(200)
  async receive(@Req() request: HttpRequest): Promise<{ readonly received: true }> {
    const webhook = readWebhook(this.verified(request));
    if (webhook) await this.hear(webhook, requestCause(request));
    return { received: true };
  }

  private async hear({ intentId, answerOn }: Webhook, cause: Cause): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, patienceMs));
    const found = await this.payments.ofIntent(intentId);
    if (!found) throw new ProblemException(503, 'unknown_intent', `${intentId} is not known here.`);
    const answer = answerOn(found);
    if (answer && !isHeard(answer, found.payment)) await this.gate.send(answer, { cause, answer: () => null });
  }

  private verified({ rawBody, headers }: HttpRequest): unknown {
    const signature = headers['stripe-signature'];
    try {
      return Stripe.webhooks.constructEvent(rawBody ?? '', signature ?? '', this.configuration.STRIPE_WEBHOOK_SECRET);
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error;
      throw new ProblemException(400, 'invalid_signature', 'The Stripe-Signature header does not fit the body.');
    }
  }
}
