import * as pods from '../../src/policies/pods.js';
import { overlays, setupJob } from '../overlays.js';
import { containerOf, podOf, spoil, without } from '../planted.js';
import type { Violation } from './violation.js';

const { local, production } = overlays;
const setup = setupJob();
const http = 'order-http';
const consumers = 'order-consumers';

export const podViolations: readonly Violation[] = [
  [
    'a pod runs as root',
    pods.isRestricted,
    spoil(production, 'Deployment', http, (one) => (podOf(one).securityContext!.runAsUser = 0)),
    'order-http may run as root.',
  ],
  [
    'the file system can be written',
    pods.isRestricted,
    spoil(production, 'Job', setup, (one) => delete containerOf(one).securityContext!.readOnlyRootFilesystem),
    `${setup} writes to its root file system.`,
  ],
  [
    'a capability is added',
    pods.isRestricted,
    spoil(local, 'StatefulSet', 'rabbitmq', (one) => (containerOf(one).securityContext!.capabilities!.add = ['CHOWN'])),
    'rabbitmq keeps capabilities.',
  ],
  [
    'a process may become more than it is',
    pods.isRestricted,
    spoil(local, 'StatefulSet', 'payment-provider', (one) => {
      containerOf(one).securityContext!.allowPrivilegeEscalation = true;
    }),
    'payment-provider may escalate its privileges.',
  ],
  [
    'a pod stands in the network of its node',
    pods.isRestricted,
    spoil(production, 'Deployment', consumers, (one) => (podOf(one).hostNetwork = true)),
    'order-consumers shares the host’s namespaces.',
  ],
  [
    'a pod mounts what its node has',
    pods.isRestricted,
    spoil(production, 'Job', setup, (one) => (podOf(one).volumes = [{ name: 'host', hostPath: { path: '/' } }])),
    `${setup} mounts a directory of its node.`,
  ],
  [
    'a Service of the namespace becomes a variable',
    pods.hasNoToken,
    spoil(production, 'Deployment', http, (one) => delete podOf(one).enableServiceLinks),
    'order-http gets a variable for every Service of the namespace.',
  ],
  [
    'a drain waits for ever',
    pods.standsOnSeveralNodes,
    spoil(production, 'PodDisruptionBudget', consumers, ({ spec }) => (spec!.maxUnavailable = 0)),
    "order-consumers's disruption budget does not let one pod go at a time.",
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
