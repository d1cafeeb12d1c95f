import { describe, expect, it } from '@jest/globals';
import { ServiceConfiguration } from '../configuration/service-configuration.js';
import { judgeConfiguration, type Surroundings } from './configuration-judgement.js';

function judge(variables: Readonly<Record<string, string>> = {}, surroundings: Partial<Surroundings> = {}): string[] {
  const configuration = new ServiceConfiguration({
    DATABASE_URL: 'postgres://payment@127.0.0.1/payment',
    AMQP_URL: 'amqp://127.0.0.1',
    HTTP_PORT: '0',
    ADMIN_TOKEN: 'correct-horse-battery',
    ...variables,
  });
  const findings = judgeConfiguration(configuration, {
    mode: undefined,
    service: 'payment',
    foldsLog: false,
    ...surroundings,
  });
  expect(findings.filter(({ isAboutDurability }) => isAboutDurability)).toEqual([]);
  return findings.map(({ sentence }) => sentence);
}

it('the defaults contradict each other nowhere', () => {
  expect(judge()).toEqual([]);
  expect(judge({}, { mode: 'production', foldsLog: true, service: 'order' })).toEqual([]);
});

describe('the inbox', () => {
  it('must remember longer than a message can come again and be retried', () => {
    expect(judge({ INBOX_RETENTION_DAYS: '7' })).toEqual([
      'INBOX_RETENTION_DAYS=7 forgets messages that can still come again within REPLAY_HORIZON_DAYS=7 and up to 26 s of retries by RETRY_ATTEMPTS_MAX=8 and RETRY_FIRST_MS=200: set it to 8 or more.',
    ]);
    expect(judge({ INBOX_RETENTION_DAYS: '8' })).toEqual([]);
  });

  it('counts the longest of retries, each as long as it can be', () => {
    const slow = { RETRY_ATTEMPTS_MAX: '1000', RETRY_FIRST_MS: '60000' };
    expect(judge({ ...slow, INBOX_RETENTION_DAYS: '1', REPLAY_HORIZON_DAYS: '1' })).toEqual([
      'INBOX_RETENTION_DAYS=1 forgets messages that can still come again within REPLAY_HORIZON_DAYS=1 and up to 59940 s of retries by RETRY_ATTEMPTS_MAX=1000 and RETRY_FIRST_MS=60000: set it to 2 or more.',
    ]);
    expect(judge({ ...slow, INBOX_RETENTION_DAYS: '2', REPLAY_HORIZON_DAYS: '1' })).toEqual([]);
  });
});

describe('the log', () => {
  it('must be kept for as long as it can be replayed', () => {
    expect(judge({ LOG_RETENTION_DAYS: '6' })).toEqual([
      'LOG_RETENTION_DAYS=6 drops events that REPLAY_HORIZON_DAYS=7 says can be replayed: set it to 7 or more.',
    ]);
    expect(judge({ LOG_RETENTION_DAYS: '7' })).toEqual([]);
  });

  it('is never dropped where states are made of it', () => {
    expect(judge({ LOG_RETENTION_DAYS: '365' }, { service: 'order', foldsLog: true })).toEqual([
      'LOG_RETENTION_DAYS=365 would drop what the states of order are made of: unset it.',
    ]);
  });
});

describe('the switch for unsafe servers', () => {
  it('is for tests, and refused in production', () => {
    expect(judge({ ALLOW_UNSAFE_SERVERS: '1' })).toEqual([]);
    expect(judge({ ALLOW_UNSAFE_SERVERS: '1' }, { mode: 'test' })).toEqual([]);
    expect(judge({ ALLOW_UNSAFE_SERVERS: '1' }, { mode: 'production' })).toEqual([
      'ALLOW_UNSAFE_SERVERS=1 is for tests and refused with NODE_ENV=production: unset it.',
    ]);
  });
});
