import type { Affinity, EnvVar, ResourceRequirements, TopologySpreadConstraint } from 'kubernetes-types/core/v1.js';
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type { HorizontalPodAutoscalerBehavior } from 'kubernetes-types/autoscaling/v2.js';

// The operators' resources, as far as the manifests use them: a field that is not here is refused until somebody has looked it up in
// the operator's own definition.

interface CustomResource<ApiVersion extends string, Kind extends string, Spec> {
  readonly apiVersion: ApiVersion;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
}

type Labels = Readonly<Record<string, string>>;
interface SecretKey {
  readonly name: string;
  readonly key: string;
}

/** Whose it is, and by which Secret the owner comes. */
interface DatabaseOfCluster {
  readonly database: string;
  readonly owner: string;
  readonly secret: { readonly name: string };
}

interface BarmanParameters {
  readonly barmanObjectName: string;
  readonly serverName?: string;
}

export type Cluster = CustomResource<
  'postgresql.cnpg.io/v1',
  'Cluster',
  {
    readonly instances: number;
    readonly imageName: string;
    readonly primaryUpdateStrategy: 'unsupervised' | 'supervised';
    readonly inheritedMetadata: { readonly labels: Labels };
    readonly env: readonly EnvVar[];
    readonly bootstrap:
      | { readonly initdb: DatabaseOfCluster; readonly recovery?: never }
      | {
          readonly initdb?: never;
          readonly recovery: DatabaseOfCluster & {
            readonly source: string;
            readonly recoveryTarget: { readonly targetTime: string };
          };
        };
    readonly externalClusters?: readonly {
      readonly name: string;
      readonly plugin: { readonly name: string; readonly parameters: BarmanParameters };
    }[];
    readonly managed: {
      readonly roles: readonly {
        readonly name: string;
        readonly ensure: 'present' | 'absent';
        readonly login: boolean;
        readonly passwordSecret: { readonly name: string };
      }[];
    };
    readonly postgresql: {
      readonly synchronous: {
        readonly method: 'any' | 'first';
        readonly number: number;
        readonly dataDurability: 'required' | 'preferred';
      };
      readonly parameters: Readonly<Record<string, string>>;
    };
    readonly plugins: readonly {
      readonly name: string;
      readonly isWALArchiver: boolean;
      readonly parameters: BarmanParameters;
    }[];
    readonly storage: { readonly size: string };
    readonly walStorage: { readonly size: string };
    readonly resources: ResourceRequirements;
    readonly affinity: {
      readonly enablePodAntiAffinity: boolean;
      readonly podAntiAffinityType: 'required' | 'preferred';
      readonly topologyKey: string;
    };
    readonly topologySpreadConstraints: readonly TopologySpreadConstraint[];
  }
>;

export type ScheduledBackup = CustomResource<
  'postgresql.cnpg.io/v1',
  'ScheduledBackup',
  {
    readonly schedule: string;
    readonly immediate: boolean;
    readonly backupOwnerReference: 'none' | 'self' | 'cluster';
    readonly cluster: { readonly name: string };
    readonly method: 'plugin';
    readonly pluginConfiguration: { readonly name: string };
  }
>;

export type ObjectStore = CustomResource<
  'barmancloud.cnpg.io/v1',
  'ObjectStore',
  {
    readonly retentionPolicy: string;
    readonly configuration: {
      readonly destinationPath: string;
      readonly s3Credentials: { readonly accessKeyId: SecretKey; readonly secretAccessKey: SecretKey };
      readonly wal: { readonly compression: 'gzip' };
      readonly data: { readonly compression: 'gzip' };
    };
  }
>;

export type RabbitmqCluster = CustomResource<
  'rabbitmq.com/v1beta1',
  'RabbitmqCluster',
  {
    readonly replicas: number;
    readonly image: string;
    readonly persistence: { readonly storage: string };
    readonly resources: ResourceRequirements;
    readonly rabbitmq: { readonly additionalConfig: string };
    readonly affinity: Affinity;
  }
>;

export type ExternalSecret = CustomResource<
  'external-secrets.io/v1',
  'ExternalSecret',
  {
    readonly refreshInterval: string;
    readonly secretStoreRef: { readonly kind: 'ClusterSecretStore'; readonly name: string };
    readonly target: {
      readonly name: string;
      readonly template?: {
        readonly type?: string;
        readonly metadata?: { readonly labels: Labels };
        readonly data?: Readonly<Record<string, string>>;
      };
    };
    readonly dataFrom: readonly { readonly extract: { readonly key: string } }[];
  }
>;

export type ScaledObject = CustomResource<
  'keda.sh/v1alpha1',
  'ScaledObject',
  {
    readonly scaleTargetRef: { readonly name: string };
    readonly minReplicaCount: number;
    readonly maxReplicaCount: number;
    readonly pollingInterval: number;
    readonly advanced: {
      readonly horizontalPodAutoscalerConfig: { readonly behavior: HorizontalPodAutoscalerBehavior };
    };
    readonly triggers: readonly {
      readonly type: 'rabbitmq';
      readonly authenticationRef: { readonly name: string };
      readonly metadata: {
        readonly protocol: 'amqp';
        readonly mode: 'QueueLength';
        readonly value: string;
        readonly queueName: string;
      };
    }[];
  }
>;

export type TriggerAuthentication = CustomResource<
  'keda.sh/v1alpha1',
  'TriggerAuthentication',
  { readonly secretTargetRef: readonly (SecretKey & { readonly parameter: string })[] }
>;

export type ServiceMonitor = CustomResource<
  'monitoring.coreos.com/v1',
  'ServiceMonitor',
  {
    readonly jobLabel?: string;
    readonly selector: LabelSelector;
    readonly podTargetLabels?: readonly string[];
    readonly endpoints: readonly { readonly port: string; readonly path?: string; readonly interval: string }[];
  }
>;

export type PodMonitor = CustomResource<
  'monitoring.coreos.com/v1',
  'PodMonitor',
  {
    readonly selector: LabelSelector;
    readonly podMetricsEndpoints: readonly { readonly port: string; readonly interval: string }[];
  }
>;
