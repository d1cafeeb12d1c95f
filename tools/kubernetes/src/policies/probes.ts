import type { Probe } from 'kubernetes-types/core/v1.js';
import type { Policy } from '../resource.js';
import { environmentOf, isOurs, portNumber, workloadsOf, type Workload } from '../workload.js';

/** Paths of a process: one that says that it lives, whatever is away, and one that says that it can work. */
export interface ServedPaths {
  readonly live: string;
  readonly ready: string;
}

/** Each probe means something else, and no outage of others restarts a healthy pod. */
export const probesMeanDifferentThings =
  ({ live, ready }: ServedPaths): Policy =>
  (resources) =>
    longRunning(resources).flatMap((workload) => {
      const { startupProbe, livenessProbe, readinessProbe } = workload.container;
      const { name } = workload;
      return [
        ...asksFor(live, startupProbe, workload, 'startup'),
        ...asksFor(live, livenessProbe, workload, 'liveness'),
        ...asksFor(ready, readinessProbe, workload, 'readiness'),
        ...(patience(livenessProbe) >= 30
          ? []
          : [`${name} is restarted after ${patience(livenessProbe)} s of silence.`]),
        ...(patience(startupProbe) >= 60 ? [] : [`${name} has ${patience(startupProbe)} s to start.`]),
      ];
    });

/** Databases and brokers of ours are not asked before they answer. */
export const serversSayWhenTheyAreReady: Policy = (resources) =>
  workloadsOf(resources)
    .filter((workload) => workload.kind === 'StatefulSet' && !workload.container.readinessProbe)
    .map(({ name }) => `${name} has no readiness probe.`);

function longRunning(resources: Parameters<Policy>[0]): Workload[] {
  return workloadsOf(resources).filter((workload) => isOurs(workload) && workload.kind !== 'Job');
}

function asksFor(path: string, probe: Probe | undefined, workload: Workload, what: string): string[] {
  const { name } = workload;
  if (!probe?.httpGet) return [`${name} has no ${what} probe over HTTP.`];
  const port = portNumber(workload, probe.httpGet.port);
  const served = Number(environmentOf(workload)['HTTP_PORT']);
  return [
    ...(probe.httpGet.path === path ? [] : [`${name}'s ${what} probe asks ${probe.httpGet.path} and not ${path}.`]),
    ...(port === served ? [] : [`${name}'s ${what} probe asks port ${port ?? 'none'}, and ${served} is served.`]),
  ];
}

/** Seconds without an answer until the probe has failed for good. */
function patience({ periodSeconds = 10, failureThreshold = 3 }: Probe = {}): number {
  return periodSeconds * failureThreshold;
}
