import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { orderDatabase, type OrderDatabase } from '../../test/order-database.js';
import { OrderConfiguration } from '../order-configuration.js';
import { ContactKey } from './contact-key.js';
import { ContactKeys } from './contact-keys.js';
import { seal, unseal } from './sealed.js';

const masterKey = randomBytes(32).toString('base64');
let database: OrderDatabase;

beforeAll(async () => {
  database = await orderDatabase();
});

afterAll(() => database.drop());

describe('the key of a customer', () => {
  it('is one, also when it is first needed twice at the same moment', async () => {
    const keys = await Promise.all(Array.from({ length: 10 }, () => contactKeys().of('twins')));
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
    expect(new Set(keys.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
  });

  it('is another one for another customer', async () => {
    const [ada, bob] = [await contactKeys().of('ada'), await contactKeys().of('bob')];
    expect(bob.id).not.toBe(ada.id);
    expect(bob.bytes.equals(ada.bytes)).toBe(false);
  });

  it('once deleted, is gone for all that it sealed, and the customer gets a new one', async () => {
    const sealed = seal(await contactKeys().of('leaver'), Buffer.from('leaver@example.org'));
    await database.dataSource.getRepository(ContactKey).delete({ customerId: 'leaver' });
    const next = await contactKeys().of('leaver');
    expect(() => unseal(next, sealed)).toThrow();
  });
});

describe('with a master key', () => {
  it('a customer’s key is sealed in the database, and the same when it is read again', async () => {
    const made = await contactKeys(masterKey).of('sealed');
    const row = await database.dataSource.getRepository(ContactKey).findOneByOrFail({ customerId: 'sealed' });
    expect(row.keyPlain).toBeNull();
    expect(JSON.stringify(row)).not.toContain(made.bytes.toString('base64'));
    expect(await contactKeys(masterKey).of('sealed')).toEqual(made);
  });

  it('keys from before it are read as they are', async () => {
    const before = await contactKeys().of('early');
    expect(await contactKeys(masterKey).of('early')).toEqual(before);
  });

  it('that is lost or another one, a sealed key is not read: the error names the variable', async () => {
    await contactKeys(masterKey).of('locked');
    await expect(contactKeys().of('locked')).rejects.toThrow('CONTACT_MASTER_KEY');
    await expect(contactKeys(randomBytes(32).toString('base64')).of('locked')).rejects.toThrow(
      /was sealed with the key master-/,
    );
  });
});

function contactKeys(master?: string): ContactKeys {
  const configuration = new OrderConfiguration({
    DATABASE_URL: 'postgres://127.0.0.1/order',
    AMQP_URL: 'amqp://127.0.0.1',
    HTTP_PORT: '0',
    ADMIN_TOKEN: 'a'.repeat(16),
    CONTACT_MASTER_KEY: master,
  });
  return new ContactKeys(database.dataSource, configuration);
}
