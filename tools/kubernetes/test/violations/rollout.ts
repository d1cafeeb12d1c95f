import * as rollout from '../../src/policies/rollout.js';
import { probesMeanDifferentThings, serversSayWhenTheyAreReady } from '../../src/policies/probes.js';
import { overlays, setupJob } from '../overlays.js';
import { containerOf, podOf, setVariable, spoil, without } from '../planted.js';
import type { Violation } from './violation.js';

const { local, production } = overlays;
const setup = setupJob();
const http = 'order-http';
const probes = probesMeanDifferentThings({ live: '/health/live', ready: '/health/ready' });
const stops = rollout.stopsInItsOwnTime(() => 25);

export const rolloutViolations: readonly Violation[] = [
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
    spoil(production, 'Job', setup, ({ metadata }) => (metadata!.name = 'setup')),
    `setup cannot be applied again with another image: its name must be ${setup}.`,
  ],
  [
    'one image is of another version',
    rollout.migratesOncePerRelease,
    spoil(production, 'Deployment', http, (one) => (containerOf(one).image = 'quadrille/order:9.9.9')),
    `The images are of the versions ${setup.slice('setup-'.length)}, 9.9.9, not of one.`,
  ],
  [
    'every pod migrates',
    rollout.migratesOncePerRelease,
    spoil(production, 'Deployment', http, (one) => (podOf(one).initContainers = [containerOf(one)])),
    "order-http does something before it starts; migrations are the Job's.",
  ],
  [
    'a service migrates when it starts',
    rollout.migratesOncePerRelease,
    spoil(production, 'Deployment', http, (one) => (containerOf(one).args = ['node', 'main.mjs', 'migrate'])),
    "order-http does something before it starts; migrations are the Job's.",
  ],
  [
    'nobody migrates',
    rollout.migratesOncePerRelease,
    without(production, 'Job', setup),
    'There are 0 Jobs before a rollout.',
  ],
  [
    'a Deployment selects the pods of another',
    rollout.selectsByWhatStays,
    spoil(production, 'Deployment', http, ({ spec }) => {
      spec!.selector.matchLabels!['app.kubernetes.io/component'] = 'consumers';
    }),
    'order-http does not select its own pods.',
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
