import type { KnownValue } from './secrets.js';

const laptop = 'The default of docker-compose.yml, whose ports are published on this machine alone.';
const brokersOwn = "RabbitMQ's own default, which it takes from the same machine only; the suites run on it.";
const suites = 'Opens nothing but what a suite has started and ends itself.';

/** All that looks like a secret, is in the repository, and may be. */
export const knownValues: readonly KnownValue[] = [
  { value: 'sk_test_quadrille', why: laptop },
  { value: 'whsec_quadrille', why: laptop },
  { value: 'guest:guest', why: brokersOwn },
  { value: ':secret@', why: suites },
  { value: "'secret'", why: suites },
  { value: 'someone:something@', why: suites },
  { value: 'hunter2', why: suites },
  { value: 'correct-horse-battery', why: suites },
  { value: 'a-token-of-16-characters', why: suites },
  { value: 'an-admin-token-of-specs', why: suites },
  { value: 'admin-token-for-tests', why: suites },
  { value: 'admin-token-of-the-specs', why: suites },
  { value: 'the-administrator-of-the-specs', why: suites },
  { value: 'token-of-the-bundle-suite', why: suites },
  { value: 'benchmark-peers-admin', why: suites },
  { value: "'admin-token'", why: suites },
  { value: 'local-token', why: suites },
  { value: 'sk_test_1234', why: suites },
  { value: 'whsec_1234', why: suites },
  { value: 'sk_test_provider', why: suites },
  { value: 'sk_test_stranger', why: suites },
  { value: 'whsec_provider_tests', why: suites },
  { value: 'sk_test_payment_specs', why: suites },
  { value: 'whsec_payment_specs', why: suites },
  { value: 'whsec_of_somebody_else', why: suites },
  { value: 'sk_test_benchmark_peers', why: suites },
];
