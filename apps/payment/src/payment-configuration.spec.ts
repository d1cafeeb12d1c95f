import { describe, expect, it } from '@jest/globals';
import { PaymentConfiguration } from './payment-configuration.js';

const complete = {
  DATABASE_URL: 'postgres://payment:secret@127.0.0.1/payment',
  AMQP_URL: 'amqp://payment:secret@127.0.0.1/',
  HTTP_PORT: '3003',
  ADMIN_TOKEN: 'an-admin-token-of-specs',
  STRIPE_SECRET_KEY: 'sk_test_1234',
  STRIPE_WEBHOOK_SECRET: 'whsec_1234',
};

describe("the payment service's configuration", () => {
  it('talks to Stripe itself unless a local provider is named', () => {
    expect(new PaymentConfiguration(complete)).toMatchObject({
      PROVIDER_TIMEOUT_MS: 10_000,
      PROVIDER_RETRY_PERCENT: 15,
      PROVIDER_RETRY_RESERVE: 10,
      PROVIDER_RETRY_MAX_MS: 10_000,
      PROVIDER_PAUSE_MS: 5_000,
    });
    expect(new PaymentConfiguration(complete).STRIPE_API_URL).toBeUndefined();
    const local = new PaymentConfiguration({ ...complete, STRIPE_API_URL: 'http://127.0.0.1:3004' });
    expect(local.STRIPE_API_URL).toBe('http://127.0.0.1:3004');
  });

  it.each([
    [{ STRIPE_SECRET_KEY: '' }, 'STRIPE_SECRET_KEY is missing.'],
    [{ STRIPE_SECRET_KEY: 'sk' }, 'STRIPE_SECRET_KEY must be at least 8 characters long.'],
    [{ STRIPE_WEBHOOK_SECRET: undefined }, 'STRIPE_WEBHOOK_SECRET is missing.'],
    [{ STRIPE_API_URL: '127.0.0.1:3004' }, 'STRIPE_API_URL must be a URL that starts with http:// or https://.'],
    [{ PROVIDER_TIMEOUT_MS: '5' }, 'PROVIDER_TIMEOUT_MS must be a whole number of milliseconds from 100 to 20000'],
    [{ PROVIDER_TIMEOUT_MS: 'soon' }, 'PROVIDER_TIMEOUT_MS must be a whole number of milliseconds'],
    [{ PROVIDER_RETRY_PERCENT: '0' }, 'PROVIDER_RETRY_PERCENT must be a whole number from 1 to 100'],
    [{ PROVIDER_RETRY_RESERVE: '0' }, 'PROVIDER_RETRY_RESERVE must be a whole number from 1 to 10000'],
    [{ PROVIDER_RETRY_MAX_MS: '1' }, 'PROVIDER_RETRY_MAX_MS must be a whole number of milliseconds from 250'],
    [{ PROVIDER_PAUSE_MS: 'long' }, 'PROVIDER_PAUSE_MS must be a whole number of milliseconds from 100'],
  ])('with %j stops with the sentence "%s"', (wrong, sentence) => {
    expect(() => new PaymentConfiguration({ ...complete, ...wrong })).toThrow(sentence);
  });
});
