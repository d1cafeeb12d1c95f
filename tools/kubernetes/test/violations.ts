import { followsTheArrows } from '../src/policies/arrows.js';
import { connectionsSuffice } from '../src/policies/connections.js';
import { isUnderstood } from '../src/policies/environment.js';
import * as pods from '../src/policies/pods.js';
import { probesMeanDifferentThings, serversSayWhenTheyAreReady } from '../src/policies/probes.js';
import * as rollout from '../src/policies/rollout.js';
import * as scaling from '../src/policies/scaling.js';
import { everySecretIsFetched, knowsItsOwnSecrets, secretsComeFromSecrets } from '../src/policies/secrets.js';
import { comesAsItsOwnUser, keepsWhatItConfirmed } from '../src/policies/servers.js';
import type { Policy, Resources } from '../src/resource.js';
import { overlays } from './overlays.js';
import { containerOf, podOf, setVariable, spoil, without } from './planted.js';

const { local, production } = overlays;
const probes = probesMeanDifferentThings({ live: '/health/live', ready: '/health/ready' });
const stops = rollout.stopsInItsOwnTime(() => 25);
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

/** [what was done to the manifests, the policy that looks, what they have become, what it must say]. */
type Violation = readonly [what: string, policy: Policy, resources: Resources, sentence: string];

const http = 'order-http';
const consumers = 'order-consumers';

const rollouts: readonly Violation[] = [
  [
    'a rollout takes pods away first',
    rollout.rollsOutWithoutAGap,
    spoil(production, 'Deployment', http, ({ spec }) => (spec!.strategy!.rollingUpdate!.maxUnavailable = 1)),
    'order-http may take a pod away before another is ready.',
  ],
  [
    'pods count as available at once',
    rollout.rollsOutWithoutAGap,
    spoil(production, 'Deployment', http, ({ spec }) => delete spec!.minReadySeconds),
    'order-http counts a pod as available in the moment it is ready.',
  ],
  [
    'the grace period is shorter than preStop and stop together',
    stops,
    spoil(production, 'Deployment', http, (one) => (podOf(one).terminationGracePeriodSeconds = 30)),
    'order-http is killed after 30 s and may need 30 s to stop.',
  ],
  [
    'nothing waits for the nodes to hear of a stop',
    stops,
    spoil(production, 'Deployment', http, (one) => delete containerOf(one).lifecycle),
    'order-http stops before every node has heard of it.',
  ],
  [
    'the Job keeps its name from release to release',
    rollout.migratesOncePerRelease,
    spoil(production, 'Job', 'setup-0.1.0', ({ metadata }) => (metadata!.name = 'setup')),
    'setup cannot be applied again with another image: its name must be setup-0.1.0.',
  ],
  [
    'one image is of another version',
    rollout.migratesOncePerRelease,
    spoil(production, 'Deployment', http, (one) => (containerOf(one).image = 'quadrille/order:0.2.0')),
    'The images are of the versions 0.1.0, 0.2.0, not of one.',
  ],
  [
    'every pod migrates',
    rollout.migratesOncePerRelease,
    spoil(production, 'Deployment', http, (one) => (podOf(one).initContainers = [containerOf(one)])),
    "order-http does something before it starts; migrations are the Job's.",
  ],
  [
    'a selector has the version in it',
    rollout.selectsByWhatStays,
    spoil(production, 'Deployment', http, ({ spec }) => {
      spec!.selector.matchLabels = { 'app.kubernetes.io/version': '1' };
      spec!.template.metadata!.labels!['app.kubernetes.io/version'] = '1';
    }),
    'order-http is selected by app.kubernetes.io/version, which may have to change.',
  ],
];

const lives: readonly Violation[] = [
  [
    'liveness asks for the broker',
    probes,
    spoil(production, 'Deployment', http, (one) => (containerOf(one).livenessProbe!.httpGet!.path = '/health/ready')),
    "order-http's liveness probe asks /health/ready and not /health/live.",
  ],
  [
    'a probe asks a port that nobody serves',
    probes,
    spoil(production, 'Deployment', http, (one) => setVariable(one, 'HTTP_PORT', '3001')),
    "order-http's readiness probe asks port 8080, and 3001 is served.",
  ],
  [
    'there is no startup probe',
    probes,
    spoil(production, 'Deployment', http, (one) => delete containerOf(one).startupProbe),
    'order-http has no startup probe over HTTP.',
  ],
  [
    'a busy moment is taken for death',
    probes,
    spoil(production, 'Deployment', http, (one) => (containerOf(one).livenessProbe!.failureThreshold = 1)),
    'order-http is restarted after 10 s of silence.',
  ],
  [
    'a server is asked before it answers',
    serversSayWhenTheyAreReady,
    spoil(local, 'StatefulSet', 'postgres', (one) => delete containerOf(one).readinessProbe),
    'postgres has no readiness probe.',
  ],
];

const rights: readonly Violation[] = [
  [
    'a pod runs as root',
    pods.isRestricted,
    spoil(production, 'Deployment', http, (one) => (podOf(one).securityContext!.runAsUser = 0)),
    'order-http may run as root.',
  ],
  [
    'the file system can be written',
    pods.isRestricted,
    spoil(production, 'Job', 'setup-0.1.0', (one) => delete containerOf(one).securityContext!.readOnlyRootFilesystem),
    'setup-0.1.0 writes to its root file system.',
  ],
  [
    'a capability is added',
    pods.isRestricted,
    spoil(local, 'StatefulSet', 'rabbitmq', (one) => (containerOf(one).securityContext!.capabilities!.add = ['CHOWN'])),
    'rabbitmq keeps capabilities.',
  ],
  [
    'seccomp is off',
    pods.isRestricted,
    spoil(production, 'Deployment', http, (one) => delete podOf(one).securityContext!.seccompProfile),
    'order-http has no seccomp profile.',
  ],
  [
    'the namespace lets anything run',
    pods.namespaceEnforcesRestricted,
    spoil(production, 'Namespace', 'quadrille', ({ metadata }) => delete metadata!.labels),
    'The namespace quadrille does not enforce restricted pods.',
  ],
  [
    'a pod mounts a token',
    pods.hasNoToken,
    spoil(production, 'Deployment', http, (one) => delete podOf(one).automountServiceAccountToken),
    'order-http mounts a token.',
  ],
  [
    'an account gives tokens',
    pods.hasNoToken,
    spoil(production, 'ServiceAccount', 'order-account', (one) => (one.automountServiceAccountToken = true)),
    'The account order-account gives its pods a token.',
  ],
  [
    'an account is missing',
    pods.hasNoToken,
    without(production, 'ServiceAccount', 'order-account'),
    'order-http runs as order-account, which there is not.',
  ],
  [
    'a pod takes what it can get',
    pods.asksForWhatItUses,
    spoil(production, 'Deployment', http, (one) => delete containerOf(one).resources!.limits!['memory']),
    'order-http has no limits of memory.',
  ],
  [
    'all pods may be in one zone',
    pods.standsOnSeveralNodes,
    spoil(production, 'Deployment', http, (one) => podOf(one).topologySpreadConstraints!.shift()),
    'order-http is not spread over topology.kubernetes.io/zone.',
  ],
  [
    'a drained node counts as an empty one',
    pods.standsOnSeveralNodes,
    spoil(production, 'Deployment', http, (one) => delete podOf(one).topologySpreadConstraints![1]!.nodeTaintsPolicy),
    'order-http finds no place while a node is drained.',
  ],
  [
    'a drained node takes all pods',
    pods.standsOnSeveralNodes,
    without(production, 'PodDisruptionBudget', consumers),
    'order-consumers has 0 disruption budgets.',
  ],
];

const scales: readonly Violation[] = [
  [
    'two scalers pull at one Deployment',
    scaling.hasOneScaler,
    spoil(production, 'ScaledObject', consumers, ({ spec }) => (spec.scaleTargetRef.name = http)),
    'order-http has 2 scalers.',
  ],
  [
    'a number of replicas stands beside a scaler',
    scaling.hasOneScaler,
    spoil(production, 'Deployment', http, ({ spec }) => (spec!.replicas = 3)),
    'order-http has a scaler and a fixed number of replicas.',
  ],
  [
    'a scaler scales nothing',
    scaling.hasOneScaler,
    without(production, 'Deployment', consumers),
    'A scaler scales order-consumers, which there is not.',
  ],
  [
    'a Deployment has no scaler',
    scaling.scalesWithItsLoad,
    without(production, 'HorizontalPodAutoscaler', http),
    'order-http has no HorizontalPodAutoscaler.',
  ],
  [
    'there may be two',
    scaling.scalesWithItsLoad,
    spoil(production, 'ScaledObject', consumers, ({ spec }) => (spec.minReplicaCount = 2)),
    'order-consumers may shrink to 2.',
  ],
  [
    'a queue grows and nobody sees it',
    scaling.scalesByEveryQueue,
    spoil(production, 'ScaledObject', consumers, ({ spec }) => spec.triggers.pop()),
    'Nobody counts the queue order.5of6.',
  ],
  [
    'there are more consumers than partitions',
    scaling.hasNoMoreConsumersThanPartitions,
    spoil(production, 'ScaledObject', consumers, ({ spec }) => (spec.maxReplicaCount = 7)),
    'order-consumers may have more replicas than its 6 partitions.',
  ],
  [
    'the setup step declares other partitions',
    scaling.hasNoMoreConsumersThanPartitions,
    spoil(production, 'Job', 'setup-0.1.0', (one) => setVariable(one, 'PARTITIONS', '4')),
    'order-http has 6 partitions, and the setup step declares 4.',
  ],
  [
    'more replicas than connections',
    connectionsSuffice,
    spoil(production, 'HorizontalPodAutoscaler', http, ({ spec }) => (spec!.maxReplicas = 10)),
    'order-db allows 200 connections and may be asked for 211.',
  ],
  [
    'larger pools than connections',
    connectionsSuffice,
    spoil(local, 'Deployment', http, (one) => setVariable(one, 'DATABASE_POOL_SIZE', '20')),
    'postgres allows 100 connections and may be asked for 121.',
  ],
];

const configuration: readonly Violation[] = [
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
    'the setup step prepares another database',
    comesAsItsOwnUser,
    spoil(local, 'Job', 'setup-0.1.0', (one) =>
      setVariable(one, 'ORDER_DATABASE_URL', 'postgres://order@elsewhere/order'),
    ),
    'The setup step prepares another DATABASE_URL than order-consumers has.',
  ],
  [
    'nobody fetches a secret',
    everySecretIsFetched,
    without(production, 'ExternalSecret', 'payment-secrets'),
    'Nobody makes the Secret payment-secrets.',
  ],
];

const servers: readonly Violation[] = [
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
];

const arrows: readonly Violation[] = [
  [
    'nothing is denied',
    followsTheArrows,
    without(production, 'NetworkPolicy', 'default-deny'),
    'stranger -> setup-0.1.0:9 is allowed, and nobody needs it.',
  ],
  [
    'a service may go anywhere',
    followsTheArrows,
    spoil(local, 'NetworkPolicy', 'order-to-database', ({ spec }) => (spec!.egress = [{}])),
    'order-http -> gateway:9 is allowed, and nobody needs it.',
  ],
  [
    'a service may reach a database of another, at both ends',
    followsTheArrows,
    spoil(
      spoil(production, 'NetworkPolicy', 'order-to-database', ({ spec }) => {
        spec!.egress![0]!.to![0]!.podSelector!.matchLabels = { 'database.quadrille.dev/payment': 'true' };
      }),
      'NetworkPolicy',
      'database-from-payment',
      ({ spec }) =>
        spec!.ingress![0]!.from!.push({ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'order' } } }),
    ),
    'order-http -> payment-db:5432 is allowed, and nobody needs it.',
  ],
  [
    'a rule names no port',
    followsTheArrows,
    spoil(production, 'NetworkPolicy', 'http-from-gateway', ({ spec }) => delete spec!.ingress![0]!.ports),
    'gateway -> order-http:9 is allowed, and nobody needs it.',
  ],
  [
    'a database is elsewhere than the policies think',
    followsTheArrows,
    spoil(production, 'Cluster', 'order-db', ({ spec }) => (spec.inheritedMetadata.labels = {})),
    'order-http -> order-db:5432 is needed, and not allowed.',
  ],
  [
    'the provider cannot call back',
    followsTheArrows,
    without(local, 'NetworkPolicy', 'payment-from-provider'),
    'payment-provider -> payment-http:8080 is needed, and not allowed.',
  ],
  [
    'nobody may ask for names',
    followsTheArrows,
    without(production, 'NetworkPolicy', 'dns'),
    'order-http -> dns:53 is needed, and not allowed.',
  ],
  [
    'what is configured changes',
    followsTheArrows,
    spoil(production, 'Deployment', http, (one) => setVariable(one, 'OTEL_EXPORTER_OTLP_ENDPOINT', '')),
    'order-http -> observability:4318 is allowed, and nobody needs it.',
  ],
  [
    'payment may look around in the private network',
    followsTheArrows,
    spoil(
      production,
      'NetworkPolicy',
      'payment-to-stripe',
      ({ spec }) => delete spec!.egress![0]!.to![0]!.ipBlock!.except,
    ),
    'payment-http -> Kubernetes:443 is allowed, and nobody needs it.',
  ],
];

export const violations = [...rollouts, ...lives, ...rights, ...scales, ...configuration, ...servers, ...arrows];
