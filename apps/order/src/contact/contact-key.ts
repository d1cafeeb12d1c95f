import type { Encrypted } from '@quadrille/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One customer's key. Deleting the row forgets everything that was ever encrypted with it, wherever it was copied to. */
@Entity('contact_key')
export class ContactKey {
  @PrimaryColumn('text', { name: 'customer_id' })
  customerId!: string;

  @Column('uuid', { name: 'key_id' })
  keyId!: string;

  /** The key itself, where no master key is configured (development). */
  @Column('bytea', { name: 'key_plain', nullable: true })
  keyPlain!: Buffer | null;

  /** The key under the master key. */
  @Column('jsonb', { name: 'key_sealed', nullable: true })
  keySealed!: Encrypted | null;
}
