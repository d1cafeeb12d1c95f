import { address, count, environmentOf } from '@quadrille/service-host';
import { perService } from '../participants.js';
import type { ServerPlan } from './prepare-servers.js';

const postgres = address('postgres:', 'postgresql:');
const amqp = address('amqp:', 'amqps:');

export class SetupConfiguration extends environmentOf({
  DATABASE_URL: postgres
    .optional()
    .describe('An administrator of PostgreSQL; without it the databases and roles must be there.'),
  ORDER_DATABASE_URL: postgres.describe('As the order service has it.'),
  INVENTORY_DATABASE_URL: postgres.describe('As the inventory service has it.'),
  PAYMENT_DATABASE_URL: postgres.describe('As the payment service has it.'),
  ORDER_DATABASE_OWNER_URL: postgres.describe("The same database for the owner of order's tables, who migrates them."),
  INVENTORY_DATABASE_OWNER_URL: postgres.describe("The same for the owner of inventory's tables."),
  PAYMENT_DATABASE_OWNER_URL: postgres.describe("The same for the owner of payment's tables."),
  AMQP_URL: amqp.describe('A user of RabbitMQ who may declare exchanges and queues.'),
  BROKER_ADMIN_URL: address('http:', 'https:')
    .optional()
    .describe("An administrator at the root of RabbitMQ's management API; without it the users must be there."),
  ORDER_AMQP_URL: amqp.optional().describe('As the order service has it; AMQP_URL if not set.'),
  INVENTORY_AMQP_URL: amqp.optional().describe('As the inventory service has it; AMQP_URL if not set.'),
  PAYMENT_AMQP_URL: amqp.optional().describe('As the payment service has it; AMQP_URL if not set.'),
  SCALER_AMQP_URL: amqp
    .optional()
    .describe('As whoever scales by the length of queues has it: a user that may look, and nothing else.'),
  PARTITIONS: count({ max: 64 }).default(4).describe('As all services have it.'),
  ORDER_PARTITIONS: count({ max: 64 }).optional().describe('As the order service has it, where it differs.'),
  INVENTORY_PARTITIONS: count({ max: 64 }).optional().describe('As the inventory service has it, where it differs.'),
  PAYMENT_PARTITIONS: count({ max: 64 }).optional().describe('As the payment service has it, where it differs.'),
}) {}

export function planOf(configuration: SetupConfiguration): ServerPlan {
  const variables: Readonly<Record<string, unknown>> = { ...configuration };
  const own = <Value = string>(service: string, name: string) =>
    variables[`${service.toUpperCase()}_${name}`] as Value | undefined;
  return {
    postgresAdminUrl: configuration.DATABASE_URL,
    amqpUrl: configuration.AMQP_URL,
    brokerAdminUrl: configuration.BROKER_ADMIN_URL,
    databaseUrls: perService((service) => own(service, 'DATABASE_URL') ?? ''),
    databaseOwnerUrls: perService((service) => own(service, 'DATABASE_OWNER_URL') ?? ''),
    amqpUrls: perService((service) => own(service, 'AMQP_URL') ?? configuration.AMQP_URL),
    scalerAmqpUrl: configuration.SCALER_AMQP_URL,
    partitions: perService((service) => own<number>(service, 'PARTITIONS') ?? configuration.PARTITIONS),
  };
}
