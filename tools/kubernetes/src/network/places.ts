import { nameOf, ofKind, type Resources } from '../resource.js';
import { workloadsOf, type Labels } from '../workload.js';

/** One end of a connection: pods of ours, pods of others, or an address. */
export interface Place {
  readonly name: string;
  readonly pod?: Labels;
  /** Of the namespace; undefined for the one of the manifests. */
  readonly namespace?: Labels;
  readonly address?: string;
}

/** All pods of the namespace, those that operators make too. */
export function placesOf(resources: Resources): Place[] {
  return [
    ...workloadsOf(resources).map(({ name, labels }) => ({ name, pod: labels })),
    ...ofKind(resources, 'RabbitmqCluster').map((broker) => ({
      name: nameOf(broker),
      pod: { 'app.kubernetes.io/name': nameOf(broker), 'app.kubernetes.io/component': 'rabbitmq' },
    })),
    ...ofKind(resources, 'Cluster').map((cluster) => ({
      name: nameOf(cluster),
      pod: {
        ...cluster.spec.inheritedMetadata.labels,
        'cnpg.io/cluster': nameOf(cluster),
        'cnpg.io/podRole': 'instance',
      },
    })),
  ];
}

const namespace = (name: string) => ({ 'kubernetes.io/metadata.name': name });

/** Whoever an arrow may come from or go to outside, and strangers. */
export const outside = {
  dns: { name: 'dns', namespace: namespace('kube-system'), pod: { 'k8s-app': 'kube-dns' } },
  gateway: { name: 'gateway', namespace: { ...namespace('ingress'), 'quadrille.dev/gateway': 'true' }, pod: {} },
  keda: { name: 'keda', namespace: namespace('keda'), pod: {} },
  monitoring: { name: 'monitoring', namespace: namespace('monitoring'), pod: {} },
  observability: { name: 'observability', namespace: namespace('observability'), pod: {} },
  databaseOperator: { name: 'database operator', namespace: namespace('cnpg-system'), pod: {} },
  kubernetes: { name: 'Kubernetes', address: '10.96.0.1' },
  internet: { name: 'internet', address: '203.0.113.1' },
  stranger: { name: 'stranger', namespace: namespace('default'), pod: { 'app.kubernetes.io/name': 'order' } },
} as const satisfies Record<string, Place>;
