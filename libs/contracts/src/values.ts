import { z } from 'zod';

/**
 * An id made by the owner of the thing it names. In capitals it is the same id (RFC 9562, section 4), and everybody compares ids as
 * text: so they are read in small letters.
 */
export const uuid = z.uuid().toLowerCase();
export const sku = z.string().regex(/^[A-Z0-9-]{1,64}$/, 'must be 1 to 64 of A-Z, 0-9 and -');
export const customerId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -');
/** ISO 4217. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code of three capital letters');
/** An amount of money in the currency's minor unit. */
export const amountMinor = z.int().nonnegative();
export const quantity = z.int().min(1).max(1000);
/** ISO 8601 in UTC. */
export const instant = z.iso.datetime();

/** A value that only the owner of the key can read, so that forgetting the key forgets the value. AES-256-GCM, base64. */
export const encrypted = z.object({ keyId: z.string(), iv: z.string(), tag: z.string(), text: z.string() });
export type Encrypted = z.infer<typeof encrypted>;

/** W3C Trace Context, version 00 (https://www.w3.org/TR/trace-context/). */
export const traceparent = z
  .string()
  .regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'must be a W3C traceparent');
