import { describe, expect, it } from '@jest/globals';
import { encrypted } from '@quadrille/contracts';
import { randomBytes } from 'node:crypto';
import { fingerprint, seal, unseal, type SecretKey } from './sealed.js';

const key: SecretKey = { id: 'key-1', bytes: randomBytes(32) };
const address = Buffer.from('ada@example.org');

describe('a sealed value', () => {
  it('can be read with its key', () => {
    expect(unseal(key, seal(key, address)).toString()).toBe('ada@example.org');
  });

  it('has the shape that events carry', () => {
    expect(encrypted.parse(seal(key, address))).toEqual(expect.objectContaining({ keyId: 'key-1' }));
  });

  it('does not show the text, nor that it was sealed before', () => {
    const [once, twice] = [seal(key, address), seal(key, address)];
    expect(JSON.stringify(once)).not.toContain('ada');
    expect(JSON.stringify(once)).not.toContain(address.toString('base64').replaceAll('=', ''));
    expect(twice.iv).not.toBe(once.iv);
    expect(twice.text).not.toBe(once.text);
  });

  it.each(['iv', 'tag', 'text'] as const)('is refused when a bit of its %s was changed', (part) => {
    const sealed = seal(key, address);
    const bytes = Buffer.from(sealed[part], 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    expect(() => unseal(key, { ...sealed, [part]: bytes.toString('base64') })).toThrow();
  });

  it('cannot be read with another key, whatever that key is called', () => {
    const sealed = seal(key, address);
    expect(() => unseal({ id: 'key-1', bytes: randomBytes(32) }, sealed)).toThrow();
    expect(() => unseal({ ...key, id: 'key-2' }, sealed)).toThrow('this was sealed with the key key-1, not with key-2');
  });

  it('is refused with a shortened tag', () => {
    const sealed = seal(key, address);
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    expect(() => unseal(key, { ...sealed, tag })).toThrow();
  });
});

describe('a fingerprint', () => {
  it('is equal for equal texts under one key, and for nothing else', () => {
    expect(fingerprint(key, 'ada@example.org')).toBe(fingerprint(key, 'ada@example.org'));
    expect(fingerprint(key, 'ada@example.org')).not.toBe(fingerprint(key, 'bob@example.org'));
    expect(fingerprint(key, 'ada@example.org')).not.toBe(
      fingerprint({ id: 'key-1', bytes: randomBytes(32) }, 'ada@example.org'),
    );
  });
});
