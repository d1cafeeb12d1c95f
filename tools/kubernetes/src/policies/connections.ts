import { nameOf, ofKind, type Policy, type Resources } from '../resource.js';
import { environmentOf, matches, participantsOf, workloadsOf, type Workload } from '../workload.js';
import { replicasMaxOf } from './scaling.js';

/** Beside its pool, a service has the connection that listens for commits. */
const beside = 1;
/** The setup step: an administrator, and two that migrate. */
const setupStep = 3;
/** PostgreSQL keeps three for superusers; replication, backups, metrics and a person who looks want some too. */
const kept = 10;

export interface ConnectionCount {
  readonly database: string;
  readonly needed: number;
  readonly allowed: number;
}

/**
 * What each database server is asked for when every service is as large as it may be and is rolled out at the same time. Pods
 * that still drain keep their connections, and beside them are those that took their places: at most as many again.
 */
export function connectionsOf(resources: Resources): ConnectionCount[] {
  return servers(resources).map(({ name, allowed, labels }) => {
    const clients = participantsOf(resources).filter((workload) => matches(databaseLabel(workload), labels));
    const services = new Set(clients.map(({ labels: own }) => own['app.kubernetes.io/name']));
    const each = clients.map((workload) => {
      const pods = 2 * replicasMaxOf(resources, workload) + surgeOf(resources, workload);
      return pods * (Number(environmentOf(workload)['DATABASE_POOL_SIZE'] ?? 10) + beside);
    });
    const needed = each.reduce((sum, one) => sum + one, 0) + services.size * setupStep + kept;
    return { database: name, needed, allowed };
  });
}

/** No replica is refused a connection, however many there are. */
export const connectionsSuffice: Policy = (resources) =>
  connectionsOf(resources)
    .filter(({ needed, allowed }) => needed > allowed)
    .map(
      ({ database, needed, allowed }) => `${database} allows ${allowed} connections and may be asked for ${needed}.`,
    );

interface Server {
  readonly name: string;
  readonly allowed: number;
  readonly labels: Readonly<Record<string, string>>;
}

function servers(resources: Resources): Server[] {
  const clusters = ofKind(resources, 'Cluster').map((cluster) => ({
    name: nameOf(cluster),
    allowed: Number(cluster.spec.postgresql.parameters['max_connections']),
    labels: cluster.spec.inheritedMetadata.labels,
  }));
  const plain = workloadsOf(resources)
    .filter(({ container }) => container.image?.startsWith('postgres:'))
    .map(({ name, labels, container }) => {
      const setting = container.args?.find((argument) => argument.startsWith('max_connections='));
      return { name, labels, allowed: Number(setting?.split('=')[1]) };
    });
  return [...clusters, ...plain];
}

function databaseLabel({ labels }: Workload): Record<string, string> {
  return { [`database.quadrille.dev/${labels['app.kubernetes.io/name']}`]: 'true' };
}

function surgeOf(resources: Resources, { name }: Workload): number {
  const deployment = ofKind(resources, 'Deployment').find((one) => nameOf(one) === name);
  return Number(deployment?.spec?.strategy?.rollingUpdate?.maxSurge ?? 1);
}
