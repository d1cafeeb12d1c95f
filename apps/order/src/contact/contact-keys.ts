import { Injectable } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { DataSource, type Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { OrderConfiguration } from '../order-configuration.js';
import { ContactKey } from './contact-key.js';
import { seal, unseal, type SecretKey } from './sealed.js';

/**
 * A key per customer, made when it is first needed. Nothing is cached: a deleted key is forgotten at once, and a customer
 * who comes back gets a new one that cannot read what was written before.
 */
@Injectable()
export class ContactKeys {
  private readonly keys: Repository<ContactKey>;
  private readonly master: SecretKey | undefined;

  constructor(dataSource: DataSource, configuration: OrderConfiguration) {
    this.keys = dataSource.getRepository(ContactKey);
    const bytes = configuration.CONTACT_MASTER_KEY;
    this.master = bytes && { id: `master-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`, bytes };
  }

  async find(customerId: string): Promise<SecretKey | undefined> {
    const known = await this.keys.findOneBy({ customerId });
    return known ? this.open(known) : undefined;
  }

  async of(customerId: string): Promise<SecretKey> {
    const known = await this.find(customerId);
    if (known) return known;
    // Two first orders at the same moment: one row wins, and both read it.
    await this.keys.createQueryBuilder().insert().values(this.fresh(customerId)).orIgnore().execute();
    return this.open(await this.keys.findOneByOrFail({ customerId }));
  }

  private fresh(customerId: string): ContactKey {
    const bytes = randomBytes(32);
    return {
      customerId,
      keyId: uuidv7(),
      keyPlain: this.master ? null : bytes,
      keySealed: this.master ? seal(this.master, bytes) : null,
    };
  }

  private open({ customerId, keyId, keyPlain, keySealed }: ContactKey): SecretKey {
    if (keyPlain) return { id: keyId, bytes: keyPlain };
    if (!keySealed || !this.master)
      throw new Error(`the contact key of ${customerId} is sealed: set CONTACT_MASTER_KEY to the key that sealed it`);
    return { id: keyId, bytes: unseal(this.master, keySealed) };
  }
}
