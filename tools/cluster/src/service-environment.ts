import type { ServiceName } from '@quadrille/contracts';
import type { Secrets } from './secrets.js';

/** Everything that runs as a process of ours; the provider stands in for a company outside. */
export const processNames = ['order', 'inventory', 'payment', 'payment-provider'] as const;
export type ProcessName = (typeof processNames)[number];

export function isParticipant(name: ProcessName): name is ServiceName {
  return name !== 'payment-provider';
}

export interface Surroundings {
  readonly port: number;
  readonly secrets: Secrets;
  readonly databaseUrls: Readonly<Record<ServiceName, string>>;
  readonly amqpUrls: Readonly<Record<ServiceName, string>>;
  readonly partitions: Readonly<Record<ServiceName, number>>;
  /** Of every replica. */
  readonly paymentUrls: readonly string[];
  readonly providerUrl: string;
  readonly providerDirectory: string;
  /** Nobody needs the data after this cluster, so its database may be one that loses them. */
  readonly allowUnsafeServers: boolean;
}

/** The variables one replica is started with. */
export function environmentOf(name: ProcessName, surroundings: Surroundings): Record<string, string> {
  const { port, secrets, providerUrl, paymentUrls } = surroundings;
  const http = { HTTP_HOST: '127.0.0.1', HTTP_PORT: String(port), ADMIN_TOKEN: secrets.adminToken };
  switch (name) {
    case 'order':
      return { ...http, ...participant(name, surroundings), CONTACT_MASTER_KEY: secrets.contactMasterKey };
    case 'inventory':
      return { ...http, ...participant(name, surroundings) };
    case 'payment':
      return {
        ...http,
        ...participant(name, surroundings),
        STRIPE_SECRET_KEY: secrets.stripeSecretKey,
        STRIPE_API_URL: providerUrl,
        STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
      };
    case 'payment-provider':
      return {
        ...http,
        PROVIDER_DATA_DIR: surroundings.providerDirectory,
        STRIPE_SECRET_KEY: secrets.stripeSecretKey,
        WEBHOOK_URL: paymentUrls.map((url) => `${url}/v1/provider/webhooks`).join(','),
        STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
      };
  }
}

function participant(name: ServiceName, surroundings: Surroundings) {
  const { databaseUrls, amqpUrls, partitions, allowUnsafeServers } = surroundings;
  return {
    DATABASE_URL: databaseUrls[name],
    AMQP_URL: amqpUrls[name],
    PARTITIONS: String(partitions[name]),
    ...(allowUnsafeServers && { ALLOW_UNSAFE_SERVERS: '1' }),
  };
}
