import type { Encrypted } from '@quadrille/contracts';
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** A symmetric key and the name it is known by. */
export interface SecretKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

/** AES-256-GCM under a fresh random nonce: sealing the same text twice gives two different results. */
export function seal(key: SecretKey, plain: Buffer): Encrypted {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, iv);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    keyId: key.id,
    iv: iv.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    text: text.toString('base64'),
  };
}

/** Throws when the key is another one or a byte was changed. */
export function unseal(key: SecretKey, sealed: Encrypted): Buffer {
  if (sealed.keyId !== key.id) throw new Error(`this was sealed with the key ${sealed.keyId}, not with ${key.id}`);
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, Buffer.from(sealed.iv, 'base64'), { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
  return Buffer.concat([decipher.update(Buffer.from(sealed.text, 'base64')), decipher.final()]);
}

/**
 * Equal texts have equal fingerprints, and without the key nothing can be learned from one: a plain hash of an address
 * could be found by guessing, and would outlive the forgotten key.
 */
export function fingerprint(key: SecretKey, plain: string): string {
  const derived = Buffer.from(hkdfSync('sha256', key.bytes, '', 'quadrille contact fingerprint', 32));
  return createHmac('sha256', derived).update(plain).digest('base64url');
}
