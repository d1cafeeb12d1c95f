import { address, count, environment, milliseconds, secret } from '@quadrille/service-host';

export class PaymentConfiguration extends environment({
  STRIPE_SECRET_KEY: secret({ lengthMin: 8 }).describe('The secret key of the Stripe account.'),
  STRIPE_API_URL: address('http:', 'https:')
    .optional()
    .describe("Where Stripe's API is answered: a local payment provider; Stripe itself without it."),
  STRIPE_WEBHOOK_SECRET: secret({ lengthMin: 8 }).describe("The webhook endpoint's signing secret."),
  PROVIDER_TIMEOUT_MS: milliseconds({ min: 100, max: 20_000 })
    .default(10_000)
    .describe('How long an answer of the provider is waited for before its outcome counts as unknown.'),
  PROVIDER_RETRY_PERCENT: count({ min: 1, max: 100 })
    .default(15)
    .describe('How many retries a hundred first tries at the provider allow, while it fails.'),
  PROVIDER_RETRY_RESERVE: count({ min: 1, max: 10_000 })
    .default(10)
    .describe('How many retries are allowed beside that at once.'),
  PROVIDER_RETRY_MAX_MS: milliseconds({ min: 250, max: 600_000 })
    .default(10_000)
    .describe('The longest wait of a payment before the provider is asked again.'),
  PROVIDER_PAUSE_MS: milliseconds({ min: 100, max: 600_000 })
    .default(5_000)
    .describe('How long the provider is left alone when nobody gets an answer, before one payment tries for all.'),
}) {}
