import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Namespace, Service, ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type {
  Cluster,
  ExternalSecret,
  ObjectStore,
  PodMonitor,
  RabbitmqCluster,
  ScaledObject,
  ScheduledBackup,
  ServiceMonitor,
  TriggerAuthentication,
} from './custom-resources.js';

/** Every kind that a manifest may have. */
export interface Kinds {
  readonly Cluster: Cluster;
  readonly Deployment: Deployment;
  readonly ExternalSecret: ExternalSecret;
  readonly HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  readonly Job: Job;
  readonly Namespace: Namespace;
  readonly NetworkPolicy: NetworkPolicy;
  readonly ObjectStore: ObjectStore;
  readonly PodDisruptionBudget: PodDisruptionBudget;
  readonly PodMonitor: PodMonitor;
  readonly RabbitmqCluster: RabbitmqCluster;
  readonly ScaledObject: ScaledObject;
  readonly ScheduledBackup: ScheduledBackup;
  readonly Service: Service;
  readonly ServiceAccount: ServiceAccount;
  readonly ServiceMonitor: ServiceMonitor;
  readonly StatefulSet: StatefulSet;
  readonly TriggerAuthentication: TriggerAuthentication;
}
export type Kind = keyof Kinds;
export type Resource = Kinds[Kind];

/** What one overlay deploys. */
export type Resources = readonly Resource[];

/** Looks at all that an overlay deploys; answers with a sentence for everything that is wrong. */
export type Policy = (resources: Resources) => string[];

export function ofKind<K extends Kind>(resources: Resources, kind: K): Kinds[K][] {
  return resources.filter((resource) => resource.kind === kind) as Kinds[K][];
}

export function nameOf(resource: Resource): string {
  return resource.metadata?.name ?? '(without a name)';
}
