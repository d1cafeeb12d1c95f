import { afterEach, describe, expect, it } from '@jest/globals';
import { Links } from './links.js';

const links = new Links();
afterEach(() => links.close());

describe('links', () => {
  it('lead each variable of a replica that names another party through a proxy, the same one at each launch', async () => {
    const given = {
      DATABASE_URL: 'postgresql://user:secret@127.0.0.1:5432/payment',
      AMQP_URL: 'amqp://user:secret@127.0.0.1:5672/',
      STRIPE_API_URL: 'http://127.0.0.1:3004',
      HTTP_PORT: '3003',
    };

    const routed = await links.routes('payment', 1, given);

    const ports = links.all.map(({ proxy }) => proxy.port);
    expect(routed).toEqual({
      DATABASE_URL: `postgresql://user:secret@127.0.0.1:${ports[0]}/payment`,
      AMQP_URL: `amqp://user:secret@127.0.0.1:${ports[1]}/`,
      STRIPE_API_URL: `http://127.0.0.1:${ports[2]}`,
    });
    expect(links.all.map(({ from, to }) => `${from} to ${to}`)).toEqual([
      'payment 2 to database',
      'payment 2 to broker',
      'payment 2 to provider',
    ]);
    expect(await links.routes('payment', 1, given)).toEqual(routed);
  });
});
