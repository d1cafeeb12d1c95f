import { environment, milliseconds } from '@quadrille/service-host';
import { z } from 'zod';

const masterKey = z
  .string()
  .transform((text, context): Buffer => {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length === 32) return bytes;
    context.issues.push({
      code: 'custom',
      message: 'must be 32 bytes in base64 (openssl rand -base64 32)',
      input: text,
    });
    return z.NEVER;
  })
  .meta({ secret: true });

export class OrderConfiguration extends environment({
  ORDER_DEADLINE_MS: milliseconds()
    .default(900_000)
    .describe('An order that is still pending after this time is cancelled.'),
  CONTACT_MASTER_KEY: masterKey
    .optional()
    .describe('Seals the customers’ contact keys in the database; without it they lie there in the clear.'),
}) {}
