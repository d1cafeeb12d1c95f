import { servicesAreAlike } from '../../src/policies/alike.js';
import { connectionsSuffice } from '../../src/policies/connections.js';
import * as scaling from '../../src/policies/scaling.js';
import { overlays, setupJob } from '../overlays.js';
import { podOf, setVariable, spoil, without } from '../planted.js';
import type { Violation } from './violation.js';

const { local, production } = overlays;
const setup = setupJob();
const http = 'order-http';
const consumers = 'order-consumers';
const apart = scaling.rolesAreApart(['http', 'consume', 'relay', 'work']);

export const scalingViolations: readonly Violation[] = [
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
    'HTTP is scaled by its memory',
    scaling.scalesWithItsLoad,
    spoil(production, 'HorizontalPodAutoscaler', http, ({ spec }) => (spec!.metrics![0]!.resource!.name = 'memory')),
    'order-http is not scaled by its CPU.',
  ],
  [
    'one Deployment does everything',
    apart,
    spoil(production, 'Deployment', http, (one) => setVariable(one, 'ROLES', 'http,relay')),
    'order-http answers requests and does something else.',
  ],
  [
    'nobody publishes',
    apart,
    spoil(local, 'Deployment', consumers, (one) => setVariable(one, 'ROLES', 'consume,work')),
    'Nobody of order has the role relay.',
  ],
  [
    'one service gets another disruption budget than the others',
    servicesAreAlike,
    without(production, 'PodDisruptionBudget', 'payment-http'),
    'PodDisruptionBudget payment-http is not like PodDisruptionBudget inventory-http.',
  ],
  [
    'one service has longer to stop than the others',
    servicesAreAlike,
    spoil(local, 'Deployment', http, (one) => (podOf(one).terminationGracePeriodSeconds = 60)),
    'Deployment order-http is not like Deployment inventory-http.',
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
    spoil(production, 'Job', setup, (one) => setVariable(one, 'PARTITIONS', '4')),
    'order-http has 6 partitions, and the setup step declares 4.',
  ],
  [
    'more replicas than connections',
    connectionsSuffice,
    spoil(production, 'HorizontalPodAutoscaler', http, ({ spec }) => (spec!.maxReplicas = 10)),
    'order-db allows 320 connections and may be asked for 387.',
  ],
  [
    'larger pools than connections',
    connectionsSuffice,
    spoil(local, 'Deployment', http, (one) => setVariable(one, 'DATABASE_POOL_SIZE', '20')),
    'postgres allows 150 connections and may be asked for 172.',
  ],
];
