import { partitionQueue } from '@quadrille/messaging';
import { nameOf, ofKind, type Policy, type Resources } from '../resource.js';
import { environmentOf, participantsOf, roleOf, serviceOf, workloadsOf, type Workload } from '../workload.js';

/** The most pods that a Deployment may have, without those of a rollout. */
export function replicasMaxOf(resources: Resources, { name }: Workload): number {
  const bounds = [...scalersOf(resources, name).map(({ max }) => max)];
  const fixed = ofKind(resources, 'Deployment').find((deployment) => nameOf(deployment) === name)?.spec?.replicas;
  return Math.max(fixed ?? 1, ...bounds);
}

interface Scaler {
  readonly kind: 'HorizontalPodAutoscaler' | 'ScaledObject';
  readonly min: number;
  readonly max: number;
}

function scalersOf(resources: Resources, target: string): Scaler[] {
  const byCpu = ofKind(resources, 'HorizontalPodAutoscaler')
    .filter(({ spec }) => spec?.scaleTargetRef.name === target)
    .map(({ kind, spec }) => ({
      kind: kind ?? 'HorizontalPodAutoscaler',
      min: spec?.minReplicas ?? 1,
      max: spec?.maxReplicas ?? 1,
    }));
  const byQueue = ofKind(resources, 'ScaledObject')
    .filter(({ spec }) => spec.scaleTargetRef.name === target)
    .map(({ kind, spec }) => ({ kind, min: spec.minReplicaCount, max: spec.maxReplicaCount }));
  return [...byCpu, ...byQueue];
}

/** Two that scale the same thing pull it to and fro; a fixed number beside one undoes its work at every deployment. */
export const hasOneScaler: Policy = (resources) => [
  ...participantsOf(resources).flatMap(({ name }) => {
    const count = scalersOf(resources, name).length;
    const { replicas } = ofKind(resources, 'Deployment').find((one) => nameOf(one) === name)?.spec ?? {};
    return [
      ...(count > 1 ? [`${name} has ${count} scalers.`] : []),
      ...(count > 0 && replicas !== undefined ? [`${name} has a scaler and a fixed number of replicas.`] : []),
    ];
  }),
  ...targets(resources)
    .filter((target) => !workloadsOf(resources).some(({ name }) => name === target))
    .map((target) => `A scaler scales ${target}, which there is not.`),
];

/** HTTP by CPU and consumers by their queues, three at the least: for where the load is real. */
export const scalesWithItsLoad: Policy = (resources) =>
  participantsOf(resources).flatMap((workload) => {
    const wanted = roleOf(workload) === 'http' ? 'HorizontalPodAutoscaler' : 'ScaledObject';
    const scaler = scalersOf(resources, workload.name).find(({ kind }) => kind === wanted);
    if (!scaler) return [`${workload.name} has no ${wanted}.`];
    return [
      ...(scaler.min >= 3 ? [] : [`${workload.name} may shrink to ${scaler.min}.`]),
      ...(wanted === 'ScaledObject' || countsCpu(resources, workload.name)
        ? []
        : [`${workload.name} is not scaled by its CPU.`]),
    ];
  });

function countsCpu(resources: Resources, target: string): boolean {
  return ofKind(resources, 'HorizontalPodAutoscaler')
    .filter(({ spec }) => spec?.scaleTargetRef.name === target)
    .every(({ spec }) => spec?.metrics?.length === 1 && spec.metrics[0]?.resource?.name === 'cpu');
}

/** Requests are answered by processes that do nothing else, and every role is somebody's. */
export const rolesAreApart =
  (roles: readonly string[]): Policy =>
  (resources) => {
    const all = participantsOf(resources).map((workload) => ({
      workload,
      own: environmentOf(workload)['ROLES']?.split(',') ?? roles,
    }));
    const services = [...new Set(all.map(({ workload }) => serviceOf(workload)))];
    return [
      ...all
        .filter(({ own }) => own.includes('http') && own.length > 1)
        .map(({ workload }) => `${workload.name} answers requests and does something else.`),
      ...services.flatMap((service) =>
        roles
          .filter((role) => !all.some(({ workload, own }) => serviceOf(workload) === service && own.includes(role)))
          .map((role) => `Nobody of ${service} has the role ${role}.`),
      ),
    ];
  };

/** Every partition's queue counts. */
export const scalesByEveryQueue: Policy = (resources) =>
  consumersOf(resources).flatMap((workload) =>
    ofKind(resources, 'ScaledObject')
      .filter(({ spec }) => spec.scaleTargetRef.name === workload.name)
      .flatMap(({ spec }) => {
        const count = partitionsOf(workload);
        const queues = Array.from({ length: count }, (_, index) => partitionQueue(serviceOf(workload), index, count));
        const watched = spec.triggers.map(({ metadata }) => metadata.queueName);
        return [
          ...queues.filter((queue) => !watched.includes(queue)).map((queue) => `Nobody counts the queue ${queue}.`),
          ...watched.filter((queue) => !queues.includes(queue)).map((queue) => `There is no queue ${queue}.`),
        ];
      }),
  );

/** A consumer without a partition is idle; a number that the setup step does not know stops the service. */
export const hasNoMoreConsumersThanPartitions: Policy = (resources) => [
  ...consumersOf(resources)
    .filter((workload) => replicasMaxOf(resources, workload) > partitionsOf(workload))
    .map((workload) => `${workload.name} may have more replicas than its ${partitionsOf(workload)} partitions.`),
  ...participantsOf(resources).flatMap((workload) => {
    const declared = declaredPartitions(resources, serviceOf(workload));
    const own = partitionsOf(workload);
    return declared === own ? [] : [`${workload.name} has ${own} partitions, and the setup step declares ${declared}.`];
  }),
];

function consumersOf(resources: Resources): Workload[] {
  return participantsOf(resources).filter((workload) => environmentOf(workload)['ROLES']?.includes('consume'));
}

function partitionsOf(workload: Workload): number {
  return Number(environmentOf(workload)['PARTITIONS'] ?? 4);
}

function declaredPartitions(resources: Resources, service: string): number {
  const [setup] = workloadsOf(resources).filter(({ kind }) => kind === 'Job');
  const environment = setup ? environmentOf(setup) : {};
  return Number(environment[`${service.toUpperCase()}_PARTITIONS`] ?? environment['PARTITIONS'] ?? 4);
}

function targets(resources: Resources): string[] {
  return [
    ...ofKind(resources, 'HorizontalPodAutoscaler').map(({ spec }) => spec?.scaleTargetRef.name ?? ''),
    ...ofKind(resources, 'ScaledObject').map(({ spec }) => spec.scaleTargetRef.name),
  ];
}
