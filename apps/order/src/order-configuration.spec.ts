import { describe, expect, it } from '@jest/globals';
import { OrderConfiguration } from './order-configuration.js';

const least = {
  DATABASE_URL: 'postgres://127.0.0.1/order',
  AMQP_URL: 'amqp://127.0.0.1',
  HTTP_PORT: '0',
  ADMIN_TOKEN: 'a-token-of-16-characters',
};

describe('the configuration of the order service', () => {
  it('gives an order 15 minutes unless told otherwise', () => {
    expect(new OrderConfiguration(least).ORDER_DEADLINE_MS).toBe(900_000);
    expect(new OrderConfiguration({ ...least, ORDER_DEADLINE_MS: '2000' }).ORDER_DEADLINE_MS).toBe(2000);
  });

  it.each(['0', '-1', '1.5', 'soon'])('refuses ORDER_DEADLINE_MS=%s by name', (value) => {
    expect(() => new OrderConfiguration({ ...least, ORDER_DEADLINE_MS: value })).toThrow(/^ORDER_DEADLINE_MS must be/);
  });

  it('reads a master key of 32 bytes in base64', () => {
    const master = Buffer.alloc(32, 7);
    const read = new OrderConfiguration({ ...least, CONTACT_MASTER_KEY: master.toString('base64') });
    expect(read.CONTACT_MASTER_KEY).toEqual(master);
    expect(new OrderConfiguration(least).CONTACT_MASTER_KEY).toBeUndefined();
  });

  it.each(['short', Buffer.alloc(31).toString('base64')])(
    'refuses another master key and does not show it',
    (value) => {
      const making = () => new OrderConfiguration({ ...least, CONTACT_MASTER_KEY: value });
      expect(making).toThrow(/^CONTACT_MASTER_KEY must be 32 bytes in base64/);
      expect(making).not.toThrow(value);
    },
  );
});
