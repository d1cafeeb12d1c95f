import { describe, expect, it } from '@jest/globals';
import { describeConfiguration } from './environment.js';
import { environment, ServiceConfiguration } from './service-configuration.js';
import { milliseconds } from './variables.js';

class OrderConfiguration extends environment({
  ORDER_DEADLINE_MS: milliseconds().default(900_000).describe('When a pending order is cancelled.'),
}) {}

const needed = {
  DATABASE_URL: 'postgres://order:hunter2@127.0.0.1:5432/order',
  AMQP_URL: 'amqp://order:hunter2@127.0.0.1:5672/quadrille',
  HTTP_PORT: '3001',
  ADMIN_TOKEN: 'correct-horse-battery',
};

describe('a configuration', () => {
  it('needs four variables and knows the rest', () => {
    expect({ ...new OrderConfiguration(needed) }).toEqual({
      ...needed,
      HTTP_PORT: 3001,
      HTTP_HOST: '127.0.0.1',
      ROLES: ['http', 'consume', 'relay', 'work'],
      PARTITIONS: 4,
      EVENTS_PER_MESSAGE_MAX: 20,
      LOG_LEVEL: 'info',
      OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
      DATABASE_POOL_SIZE: 10,
      LEASE_MS: 5_000,
      RETRY_ATTEMPTS_MAX: 8,
      RETRY_FIRST_MS: 200,
      INBOX_RETENTION_DAYS: 14,
      REPLAY_HORIZON_DAYS: 7,
      LOG_RETENTION_DAYS: undefined,
      CLOCK_DIFFERENCE_MAX_MS: 5_000,
      ALLOW_UNSAFE_SERVERS: false,
      HTTP_BODY_BYTES_MAX: 131_072,
      SHUTDOWN_WAIT_MS: 500,
      ORDER_DEADLINE_MS: 900_000,
    });
  });

  it.each([
    ['ROLES', 'http, work', ['http', 'work']],
    ['ROLES', 'relay,relay', ['relay']],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:4318', 'http://127.0.0.1:4318'],
    ['HTTP_PORT', '0', 0],
    ['LOG_LEVEL', 'debug', 'debug'],
    ['ORDER_DEADLINE_MS', '1500', 1500],
    ['LOG_RETENTION_DAYS', '30', 30],
    ['ALLOW_UNSAFE_SERVERS', '1', true],
    ['ALLOW_UNSAFE_SERVERS', '0', false],
    ['PARTITIONS', '', 4],
  ])('reads %s=%s', (name, text, value) => {
    expect(new OrderConfiguration({ ...needed, [name]: text })).toHaveProperty(name, value);
  });

  it.each(Object.keys(needed))('names %s when it is missing, and takes an empty one for missing', (name) => {
    for (const value of [undefined, ''])
      expect(() => new OrderConfiguration({ ...needed, [name]: value })).toThrow(`${name} is missing.`);
  });

  it.each([
    ['DATABASE_URL', 'mysql://x', 'DATABASE_URL must be a URL that starts with postgres:// or postgresql://.'],
    ['DATABASE_URL', 'order', 'DATABASE_URL must be a URL that starts with postgres:// or postgresql://.'],
    ['AMQP_URL', 'http://x', 'AMQP_URL must be a URL that starts with amqp:// or amqps://.'],
    ['HTTP_PORT', '65536', 'HTTP_PORT must be a whole number from 0 to 65535, but is "65536".'],
    ['HTTP_PORT', 'http', 'HTTP_PORT must be a whole number from 0 to 65535, but is "http".'],
    ['ADMIN_TOKEN', 'short', 'ADMIN_TOKEN must be at least 16 characters long.'],
    [
      'ROLES',
      'http,cook',
      'ROLES must be a list of http, consume, relay, work with commas between, but is "http,cook".',
    ],
    ['ROLES', ',', 'ROLES must be a list of http, consume, relay, work with commas between, but is ",".'],
    ['PARTITIONS', '0', 'PARTITIONS must be a whole number from 1 to 64, but is "0".'],
    ['PARTITIONS', '65', 'PARTITIONS must be a whole number from 1 to 64, but is "65".'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of debug, info, warn, error, but is "loud".'],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'collector',
      'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL that starts with http:// or https://.',
    ],
    ['DATABASE_POOL_SIZE', '3', 'DATABASE_POOL_SIZE must be a whole number from 4 to 500, but is "3".'],
    ['LEASE_MS', '10', 'LEASE_MS must be a whole number of milliseconds from 1000 to 2147483647, but is "10".'],
    ['RETRY_ATTEMPTS_MAX', '1', 'RETRY_ATTEMPTS_MAX must be a whole number from 2 to 1000, but is "1".'],
    [
      'RETRY_FIRST_MS',
      '1.5',
      'RETRY_FIRST_MS must be a whole number of milliseconds from 1 to 2147483647, but is "1.5".',
    ],
    ['INBOX_RETENTION_DAYS', '0', 'INBOX_RETENTION_DAYS must be a whole number of days from 1 to 36500, but is "0".'],
    ['ALLOW_UNSAFE_SERVERS', 'yes', 'ALLOW_UNSAFE_SERVERS must be 0 or 1, but is "yes".'],
    ['HTTP_BODY_BYTES_MAX', '1e6', 'HTTP_BODY_BYTES_MAX must be a whole number from 1024 to 16777216, but is "1e6".'],
    [
      'SHUTDOWN_WAIT_MS',
      '20000',
      'SHUTDOWN_WAIT_MS must be a whole number of milliseconds from 0 to 5000, but is "20000".',
    ],
    [
      'ORDER_DEADLINE_MS',
      '0',
      'ORDER_DEADLINE_MS must be a whole number of milliseconds from 1 to 2147483647, but is "0".',
    ],
  ])('refuses %s=%s', (name, text, message) => {
    expect(() => new OrderConfiguration({ ...needed, [name]: text })).toThrow(message);
  });

  it('has a refusal to test for every variable but the free text HTTP_HOST', () => {
    for (const name of Object.keys(OrderConfiguration.shape).filter((name) => name !== 'HTTP_HOST'))
      expect(() => new OrderConfiguration({ ...needed, [name]: '*' })).toThrow(name);
  });

  it('says everything that is wrong in one sentence, and no secret', () => {
    const wrong = { ...needed, DATABASE_URL: 'postgre://order:hunter2@db', ADMIN_TOKEN: 'hunter2', PARTITIONS: 'x' };
    const read = () => new OrderConfiguration(wrong);
    expect(read).toThrow(/^DATABASE_URL .*; ADMIN_TOKEN .*; PARTITIONS .*, but is "x"\.$/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('describes each variable for the documentation', () => {
    const described = describeConfiguration(OrderConfiguration);
    expect(described.filter(({ required }) => required).map(({ name }) => name)).toEqual(Object.keys(needed));
    expect(described.every(({ description }) => description.length > 0)).toBe(true);
    expect(described.at(-1)).toEqual({
      name: 'ORDER_DEADLINE_MS',
      description: 'When a pending order is cancelled.',
      required: false,
      default: '900000',
      secret: false,
    });
    expect(describeConfiguration(ServiceConfiguration).find(({ name }) => name === 'ROLES')?.default).toBe(
      'http,consume,relay,work',
    );
  });
});
