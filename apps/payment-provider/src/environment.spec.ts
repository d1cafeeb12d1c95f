import { describe, expect, it } from '@jest/globals';
import { readEnvironment } from './environment.js';

const complete = { PROVIDER_DATA_DIR: '/data', STRIPE_SECRET_KEY: 'sk_test_1234', ADMIN_TOKEN: 'admin-token' };

describe('the environment', () => {
  it('needs a data directory, a secret key and an admin token; the rest has defaults', () => {
    expect(readEnvironment(complete)).toMatchObject({
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: 3004,
      PROVIDER_LATE_MS: 30_000,
    });
  });

  it.each([
    [{ PROVIDER_DATA_DIR: undefined }, 'PROVIDER_DATA_DIR is not set.'],
    [{ STRIPE_SECRET_KEY: '' }, 'STRIPE_SECRET_KEY is not set.'],
    [{ STRIPE_SECRET_KEY: 'short' }, 'STRIPE_SECRET_KEY is not valid: '],
    [{ ADMIN_TOKEN: undefined }, 'ADMIN_TOKEN is not set.'],
    [{ HTTP_PORT: '70000' }, 'HTTP_PORT is not valid: '],
    [{ HTTP_PORT: 'many' }, 'HTTP_PORT is not valid: '],
    [{ WEBHOOK_URL: 'ftp://example.org' }, 'WEBHOOK_URL is not valid: '],
    [{ WEBHOOK_URL: 'http://127.0.0.1:3003,elsewhere' }, 'WEBHOOK_URL is not valid: '],
    [{ WEBHOOK_URL: 'http://127.0.0.1:3003' }, 'STRIPE_WEBHOOK_SECRET is not set'],
    [{ STRIPE_WEBHOOK_SECRET: 'short' }, 'STRIPE_WEBHOOK_SECRET is not valid: '],
    [{ PROVIDER_LATE_MS: '-1' }, 'PROVIDER_LATE_MS is not valid: '],
    [{ PROVIDER_REFUND_MS: 'soon' }, 'PROVIDER_REFUND_MS is not valid: '],
  ])('with %j stops with the sentence "%s..."', (wrong, sentence) => {
    expect(() => readEnvironment({ ...complete, ...wrong })).toThrow(sentence);
  });
});
