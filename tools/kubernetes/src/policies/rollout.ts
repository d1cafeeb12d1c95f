import { nameOf, ofKind, type Policy } from '../resource.js';
import { isOurs, roleOf, workloadsOf } from '../workload.js';

/** A new revision comes up before an old one goes. */
export const rollsOutWithoutAGap: Policy = (resources) =>
  ofKind(resources, 'Deployment').flatMap((deployment) => {
    const { strategy, minReadySeconds = 0 } = deployment.spec ?? {};
    const name = nameOf(deployment);
    return [
      ...(strategy?.rollingUpdate?.maxUnavailable === 0
        ? []
        : [`${name} may take a pod away before another is ready.`]),
      ...(minReadySeconds > 0 ? [] : [`${name} counts a pod as available in the moment it is ready.`]),
    ];
  });

/** How long the processes themselves may take for their stop, by their image's name. */
export type StopSeconds = (image: string) => number;

/** Nobody is killed who still has something to finish, and nobody gets requests who no longer takes them. */
export const stopsInItsOwnTime =
  (stopSeconds: StopSeconds): Policy =>
  (resources) =>
    workloadsOf(resources)
      .filter((workload) => isOurs(workload) && workload.kind !== 'Job')
      .flatMap((workload) => {
        const { name, pod, container } = workload;
        const before = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
        const needed = before + stopSeconds(imageNameOf(container.image));
        const given = pod.terminationGracePeriodSeconds ?? 30;
        return [
          ...(given > needed ? [] : [`${name} is killed after ${given} s and may need ${needed} s to stop.`]),
          ...(roleOf(workload) === 'http' && before < 5 ? [`${name} stops before every node has heard of it.`] : []),
        ];
      });

/** A Job's pod cannot be changed, so each release needs a Job of its own name. */
export const migratesOncePerRelease: Policy = (resources) => {
  const jobs = ofKind(resources, 'Job');
  const versions = new Set(
    workloadsOf(resources)
      .filter(isOurs)
      .map(({ container }) => versionOf(container.image)),
  );
  const [version] = versions;
  if (version === undefined || versions.size > 1 || /^(latest)?$/.test(version))
    return [`The images are of the versions ${[...versions].map((text) => text || 'none').join(', ')}, not of one.`];
  return [
    ...(jobs.length === 1 ? [] : [`There are ${jobs.length} Jobs before a rollout.`]),
    ...jobs
      .filter((job) => nameOf(job) !== `setup-${version}`)
      .map((job) => `${nameOf(job)} cannot be applied again with another image: its name must be setup-${version}.`),
    ...workloadsOf(resources)
      .filter(({ pod, container }) => pod.initContainers || container.args?.includes('migrate'))
      .map(({ name }) => `${name} does something before it starts; migrations are the Job's.`),
  ];
};

/** The API server refuses to change a selector, so what is in it must never have to change. */
export const selectsByWhatStays: Policy = (resources) =>
  workloadsOf(resources)
    .filter(({ kind }) => kind !== 'Job')
    .flatMap(({ name, selector = {}, labels }) => [
      ...(Object.keys(selector).some((label) => !/^app\.kubernetes\.io\/(name|component)$/.test(label))
        ? [`${name} is selected by ${Object.keys(selector).join(', ')}, which may have to change.`]
        : []),
      ...(Object.entries(selector).every(([label, value]) => labels[label] === value)
        ? []
        : [`${name} does not select its own pods.`]),
    ]);

function imageNameOf(image = ''): string {
  return image.replace(/:.*$/, '').replace(/^.*\//, '');
}

function versionOf(image = ''): string {
  return image.split(':')[1] ?? '';
}
