import { isUnderstood } from '../../src/policies/environment.js';
import { everyProcessIsMonitored } from '../../src/policies/monitoring.js';
import {
  changesNoTable,
  everySecretIsFetched,
  knowsItsOwnSecrets,
  secretsComeFromSecrets,
} from '../../src/policies/secrets.js';
import { comesAsItsOwnUser, keepsWhatItConfirmed, servicesLeadSomewhere } from '../../src/policies/servers.js';
import { overlays, setupJob } from '../overlays.js';
import { containerOf, setVariable, spoil, without } from '../planted.js';
import type { Violation } from './violation.js';

const { local, production } = overlays;
const setup = setupJob();
const http = 'order-http';
const monitored = everyProcessIsMonitored('/metrics');
const noSecrets = { read: () => undefined };
const understood = isUnderstood(
  {
    order: { variables: ['SERVICE', 'ROLES'], ...noSecrets },
    inventory: { variables: [], ...noSecrets },
    payment: { variables: [], read: () => { throw new Error('STRIPE_SECRET_KEY is missing.'); } }, // prettier-ignore
    setup: { variables: [], ...noSecrets },
  },
  () => 'secret',
);

export const configurationViolations: readonly Violation[] = [
  [
    'a variable is misspelt',
    understood,
    spoil(production, 'Deployment', http, (one) => setVariable(one, 'PARTITION', '6')),
    'order-http has PARTITION, which nobody reads.',
  ],
  [
    'a variable stands before what it is made of',
    understood,
    spoil(production, 'Deployment', http, (one) => containerOf(one).env!.reverse()),
    'order-http has DATABASE_URL before a variable that it is made of.',
  ],
  ['a value is not accepted', understood, production, 'payment-http: STRIPE_SECRET_KEY is missing.'],
  [
    'a secret stands in the manifest',
    secretsComeFromSecrets,
    spoil(production, 'Deployment', http, (one) => setVariable(one, 'ADMIN_TOKEN', 'admin')),
    'order-http has ADMIN_TOKEN in its manifest.',
  ],
  [
    "a service reads another's secret",
    knowsItsOwnSecrets,
    spoil(production, 'Deployment', http, (one) => {
      containerOf(one).env!.find(({ name }) => name === 'AMQP_PASSWORD')!.valueFrom!.secretKeyRef!.name =
        'payment-broker';
    }),
    'order-http reads payment-broker.',
  ],
  [
    "a service comes as another's user",
    comesAsItsOwnUser,
    spoil(production, 'Deployment', http, (one) => setVariable(one, 'AMQP_URL', 'amqp://quadrille_payment@rabbitmq')),
    'order-http comes to its AMQP_URL as quadrille_payment.',
  ],
  [
    'the setup step migrates as the service',
    changesNoTable,
    spoil(local, 'Job', setup, (one) =>
      setVariable(one, 'ORDER_DATABASE_OWNER_URL', 'postgres://quadrille_order:secret@order-db-rw/quadrille_order'),
    ),
    'order-http owns the tables of its database.',
  ],
  [
    "a service knows the password of its tables' owner",
    changesNoTable,
    spoil(production, 'Deployment', http, (one) => {
      containerOf(one).env!.find(({ name }) => name === 'DATABASE_PASSWORD')!.valueFrom!.secretKeyRef!.name =
        'order-database-owner';
    }),
    "order-http knows the password of its tables' owner.",
  ],
  [
    'the operator gives the tables to the service',
    changesNoTable,
    spoil(production, 'Cluster', 'order-db', ({ spec }) => (spec.bootstrap.initdb!.owner = 'quadrille_order')),
    'order-db belongs to quadrille_order, and quadrille_order_owner migrates it.',
  ],
  [
    'nobody makes the role that a service comes as',
    changesNoTable,
    spoil(production, 'Cluster', 'order-db', ({ spec }) => (spec.managed.roles = [])),
    'order-db has no role for order.',
  ],
  [
    'the setup step prepares another database',
    comesAsItsOwnUser,
    spoil(local, 'Job', setup, (one) => setVariable(one, 'ORDER_DATABASE_URL', 'postgres://order@elsewhere/order')),
    'The setup step prepares another DATABASE_URL than order-consumers has.',
  ],
  [
    'nobody fetches a secret',
    everySecretIsFetched,
    without(production, 'ExternalSecret', 'payment-secrets'),
    'Nobody makes the Secret payment-secrets.',
  ],
  [
    'metrics are asked for where they are not',
    monitored,
    spoil(production, 'ServiceMonitor', 'services', ({ spec }) => (spec.endpoints[0]!.path = '/prometheus')),
    'services asks order-http for /prometheus, and metrics are at /metrics.',
  ],
  [
    'metrics are asked for at a port that there is not',
    monitored,
    spoil(production, 'ServiceMonitor', 'services', ({ spec }) => (spec.endpoints[0]!.port = 'metrics')),
    'services asks order-consumers at the port metrics, which its Service does not have.',
  ],
  [
    'nobody looks at the services',
    monitored,
    without(production, 'ServiceMonitor', 'services'),
    'Nobody looks at payment-consumers.',
  ],
  [
    'the broker has two nodes',
    keepsWhatItConfirmed,
    spoil(production, 'RabbitmqCluster', 'rabbitmq', ({ spec }) => (spec.replicas = 2)),
    'rabbitmq has no majority without one of its nodes.',
  ],
  [
    'two nodes of the broker share a machine',
    keepsWhatItConfirmed,
    spoil(production, 'RabbitmqCluster', 'rabbitmq', ({ spec }) => (spec.affinity = {})),
    'rabbitmq may have two nodes on one machine.',
  ],
  [
    'a commit waits for nobody',
    keepsWhatItConfirmed,
    spoil(production, 'Cluster', 'order-db', ({ spec }) => (spec.postgresql.synchronous.dataDurability = 'preferred')),
    'order-db answers a commit that is on one machine only.',
  ],
  [
    'the log goes nowhere',
    keepsWhatItConfirmed,
    without(production, 'ObjectStore', 'order-backups'),
    'order-db does not archive its log.',
  ],
  [
    'nobody backs a database up',
    keepsWhatItConfirmed,
    without(production, 'ScheduledBackup', 'order-nightly'),
    'order-db has no backups.',
  ],
  [
    'a Service selects nobody',
    servicesLeadSomewhere,
    spoil(production, 'Service', 'order-http', ({ spec }) => (spec!.selector = { app: 'order' })),
    'Nobody is behind order-http.',
  ],
  [
    'a Service leads to a port that there is not',
    servicesLeadSomewhere,
    spoil(local, 'Service', 'rabbitmq', ({ spec }) => (spec!.ports![0]!.targetPort = 'stream')),
    'rabbitmq leads to stream of rabbitmq, which has no such port.',
  ],
];
