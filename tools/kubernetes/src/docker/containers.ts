import type { Container, PodSpec, Volume } from 'kubernetes-types/core/v1.js';
import { ofKind, type Resources } from '../resource.js';
import { environmentOf, type SecretValue, type Workload } from '../workload.js';
import { quantity } from './quantity.js';

/** One pod in the words of a Compose file (https://docs.docker.com/reference/compose-file/services/), without its place in the network. */
export interface ContainerOfPod {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly cpu_shares: number;
  readonly cpus: number;
  readonly mem_limit: number;
  /** No swap beside it. */
  readonly memswap_limit: number;
  readonly stop_grace_period: string;
  readonly restart: string;
  readonly healthcheck: { readonly disable: true };
  readonly tmpfs: readonly string[];
  readonly volumes: readonly string[];
}

/** As a kubelet would run it: whatever of this is to change is changed in the manifest. */
export function containerOf(resources: Resources, workload: Workload, secretValue: SecretValue): ContainerOfPod {
  const { name, kind, pod, container } = workload;
  const { tmpfs, volumes } = mountsOf(resources, workload);
  return {
    image: container.image ?? '',
    ...(container.command && { entrypoint: container.command }),
    ...(container.args && { command: container.args }),
    environment: escaped(environmentOf(workload, secretValue)),
    hostname: kind === 'StatefulSet' ? `${name}-0` : name,
    ...security(pod, container),
    ...limits(container),
    stop_grace_period: `${afterPreStopSeconds(pod, container)}s`,
    restart: kind === 'Job' ? `on-failure:${jobRetries(resources)}` : 'always',
    // A kubelet asks the probes of the manifest, and does not know the image's own.
    healthcheck: { disable: true },
    tmpfs,
    volumes,
  };
}

/** Of the grace period, what is left for a process once it is sent SIGTERM. */
export function afterPreStopSeconds(pod: PodSpec, { lifecycle }: Container): number {
  return (pod.terminationGracePeriodSeconds ?? 30) - (lifecycle?.preStop?.sleep?.seconds ?? 0);
}

/** The container's own context goes before the pod's. Docker's default profile of seccomp is the runtime's. */
function security(pod: PodSpec, { securityContext: own = {} }: Container) {
  const around = pod.securityContext ?? {};
  const [user, group] = [own.runAsUser ?? around.runAsUser, own.runAsGroup ?? around.runAsGroup];
  if (user === undefined || group === undefined) throw new Error('Who a pod runs as is not said.');
  return {
    user: `${user}:${group}`,
    read_only: own.readOnlyRootFilesystem === true,
    cap_drop: own.capabilities?.drop ?? [],
    security_opt: own.allowPrivilegeEscalation === false ? ['no-new-privileges:true'] : [],
  };
}

function limits({ resources }: Container) {
  const memory = quantity(resources?.limits?.['memory'] ?? '');
  return {
    cpu_shares: Math.max(2, Math.floor(quantity(resources?.requests?.['cpu'] ?? '') * 1024)),
    cpus: quantity(resources?.limits?.['cpu'] ?? ''),
    mem_limit: memory,
    memswap_limit: memory,
  };
}

/** What may be written: a directory that goes with the pod, or one that stays. */
function mountsOf(resources: Resources, { name, pod, container }: Workload) {
  const claims = ofKind(resources, 'StatefulSet')
    .filter(({ metadata }) => metadata?.name === name)
    .flatMap(({ spec }) => spec?.volumeClaimTemplates ?? [])
    .map(({ metadata }) => metadata?.name ?? '');
  const mounts = container.volumeMounts ?? [];
  const isClaim = (volume: string) => claims.includes(volume);
  const unknown = mounts.filter((mount) => !isClaim(mount.name) && !isEmptyDir(pod.volumes, mount.name));
  if (unknown.length > 0) throw new Error(`${name} mounts ${unknown[0]?.name}, which Docker has nothing like.`);
  return {
    tmpfs: mounts.filter((mount) => !isClaim(mount.name)).map(({ mountPath }) => `${mountPath}:exec,mode=0777`),
    volumes: mounts.filter((mount) => isClaim(mount.name)).map((mount) => `${name}-${mount.name}:${mount.mountPath}`),
  };
}

function isEmptyDir(volumes: readonly Volume[] = [], name: string): boolean {
  return volumes.some((volume) => volume.name === name && volume.emptyDir);
}

function jobRetries(resources: Resources): number {
  return ofKind(resources, 'Job')[0]?.spec?.backoffLimit ?? 6;
}

/** A dollar is a dollar. */
function escaped(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.replaceAll('$', '$$$$')]));
}
