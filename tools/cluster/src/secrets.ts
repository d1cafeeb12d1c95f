import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const secrets = z.object({
  adminToken: z.string(),
  /** What the payment service and the provider share. */
  stripeSecretKey: z.string(),
  stripeWebhookSecret: z.string(),
  /** Seals the customers' contact keys. */
  contactMasterKey: z.string(),
  /** Of the services' database roles and broker users. */
  servicePassword: z.string(),
  /** Of the roles that own the services' tables. Only the setup step comes as they do, and it sets the password first. */
  ownerPassword: z.string().default(random),
});
export type Secrets = z.infer<typeof secrets>;

/** The secrets of one cluster: drawn at its first start, kept beside its data, readable by its owner alone. */
export function secretsIn(file: string): Secrets {
  if (existsSync(file)) return secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  const drawn: Secrets = {
    adminToken: random(),
    stripeSecretKey: `sk_test_${randomBytes(18).toString('hex')}`,
    stripeWebhookSecret: `whsec_${randomBytes(18).toString('hex')}`,
    contactMasterKey: randomBytes(32).toString('base64'),
    servicePassword: random(),
    ownerPassword: random(),
  };
  writeFileSync(file, `${JSON.stringify(drawn, null, 2)}\n`, { mode: 0o600 });
  return drawn;
}

function random(): string {
  return randomBytes(24).toString('base64url');
}
