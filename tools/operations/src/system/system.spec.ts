import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAddresses } from '@quadrille/cluster/addresses';
import { Given } from '../command-line/options.js';
import { System } from './system.js';

const of = (service: string) => `postgres://${service}`;
let data: string;

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'quadrille-system-'));
  writeFileSync(join(data, 'secrets.json'), JSON.stringify({ adminToken: 'local-token' }));
  writeAddresses(data, {
    services: { order: ['http://o', 'http://o2'], inventory: ['http://i'], payment: ['http://p'] },
    provider: 'http://bank',
    databaseUrls: { order: of('order'), inventory: of('inventory'), payment: of('payment') },
    amqpUrl: 'amqp://local',
    secretsFile: 'secrets.json',
  });
});

afterAll(() => rmSync(data, { recursive: true }));

const system = (values: object, variables = {}) => new System(new Given({ ...values }, []), variables);

describe('the system', () => {
  it('is the cluster that runs on the data directory', () => {
    const local = system({ data });
    expect(local.isLocal).toBe(true);
    expect([local.url('order'), local.url('provider'), local.adminToken]).toEqual([
      'http://o',
      'http://bank',
      'local-token',
    ]);
    expect([local.amqpUrl, local.databaseUrl('payment')]).toEqual(['amqp://local', of('payment')]);
  });

  it('is where the environment says, and before all where an option says', () => {
    const variables = {
      ORDER_URL: 'http://v/',
      ADMIN_TOKEN: 'v',
      AMQP_URL: 'amqp://v',
      ORDER_DATABASE_URL: 'postgres://v',
    };
    const other = system({ data }, variables);
    expect([other.url('order'), other.adminToken, other.amqpUrl, other.databaseUrl('order')]).toEqual([
      ...['http://v', 'v', 'amqp://v', 'postgres://v'],
    ]);
    expect(system({ data, 'order-url': 'http://x' }, variables).url('order')).toBe('http://x');
  });

  it('is local when its broker and databases are the cluster’s, whoever says so', () => {
    const databases = (url: (service: string) => string) => ({
      ORDER_DATABASE_URL: url('order'),
      INVENTORY_DATABASE_URL: url('inventory'),
      PAYMENT_DATABASE_URL: url('payment'),
    });
    const elsewhere = databases((service) => `postgres://elsewhere/${service}`);
    expect(system({ data }, { AMQP_URL: 'amqp://local', ...databases(of) }).isLocal).toBe(true);
    expect(system({ data }, { AMQP_URL: 'amqp://elsewhere', ...elsewhere }).isLocal).toBe(false);
    expect(system({ data: '/nowhere' }, { AMQP_URL: 'amqp://elsewhere', ...elsewhere }).isLocal).toBe(false);
    expect(() => system({ data }, elsewhere).isLocal).toThrow(
      /^ORDER_DATABASE_URL, INVENTORY_DATABASE_URL, PAYMENT_DATABASE_URL lead elsewhere .* which AMQP_URL would be of/,
    );
  });

  it('that is nowhere is one sentence that says what to set', () => {
    const none = system({ data: '/nowhere' });
    expect(() => none.url('order')).toThrow(
      'No system runs on /nowhere: start it with npm start, or set --order-url or ORDER_URL.',
    );
    expect(none.amqpUrlIfKnown).toBeUndefined();
    expect(() => none.adminToken).toThrow(/set ADMIN_TOKEN\.$/);
  });
});
