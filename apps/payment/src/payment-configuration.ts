import { address, environment, milliseconds, secret } from '@quadrille/service-host';

export class PaymentConfiguration extends environment({
  STRIPE_SECRET_KEY: secret({ lengthMin: 8 }).describe('The secret key of the Stripe account.'),
  STRIPE_API_URL: address('http:', 'https:')
    .optional()
    .describe("Where Stripe's API is answered: a local payment provider; Stripe itself without it."),
  STRIPE_WEBHOOK_SECRET: secret({ lengthMin: 8 }).describe("The webhook endpoint's signing secret."),
  PROVIDER_TIMEOUT_MS: milliseconds({ min: 100, max: 20_000 })
    .default(10_000)
    .describe('How long an answer of the provider is waited for before its outcome counts as unknown.'),
}) {}
