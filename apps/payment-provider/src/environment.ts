import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);
const delayMs = z.coerce.number().int().min(0).max(600_000);

export const environment = z.object({
  HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  HTTP_PORT: port.default(3004),
  /** Where the journal lives. */
  PROVIDER_DATA_DIR: z.string().min(1),
  STRIPE_SECRET_KEY: z.string().min(8),
  ADMIN_TOKEN: z.string().min(8),
  /** Unset: no webhooks are sent. Several addresses, with commas between them, take turns, as behind a load balancer. */
  WEBHOOK_URL: z
    .string()
    .transform((urls) => urls.split(','))
    .pipe(z.array(z.url({ protocol: /^https?$/ })))
    .optional(),
  STRIPE_WEBHOOK_SECRET: z.string().min(8).optional(),
  /** When the charge of `pm_late_charge` and `pm_processing` lands. */
  PROVIDER_LATE_MS: delayMs.default(30_000),
  /** How long a pending refund is pending. */
  PROVIDER_REFUND_MS: delayMs.default(2_000),
});
export type Environment = z.infer<typeof environment>;

/** Reads the environment; an empty value counts as none. Throws one sentence that names the variable. */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const present = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(present);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    if (present[name] === undefined) throw new Error(`${name} is not set.`);
    throw new Error(`${name} is not valid: ${issue?.message}.`);
  }
  if (parsed.data.WEBHOOK_URL !== undefined && parsed.data.STRIPE_WEBHOOK_SECRET === undefined)
    throw new Error('STRIPE_WEBHOOK_SECRET is not set, but WEBHOOK_URL is: webhooks must be signed.');
  return parsed.data;
}
