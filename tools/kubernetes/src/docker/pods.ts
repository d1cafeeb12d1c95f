import { nameOf, ofKind, type Resources } from '../resource.js';
import { isOurs, matches, portNumber, workloadsOf, type SecretValue, type Workload } from '../workload.js';
import { afterPreStopSeconds, containerOf, type ContainerOfPod } from './containers.js';

/** What an overlay deploys, for a Docker Engine: one container for each pod, and what leads from Services to them. */
export interface OnDocker {
  readonly composeFile: ComposeFile;
  readonly pods: readonly Pod[];
  readonly forwards: readonly Forward[];
  /** Where pods have their addresses. */
  readonly network: string;
}

interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, ContainerOfPod & NetworkPlace>>;
  readonly networks: { readonly pods: { readonly ipam: { readonly config: readonly { readonly subnet: string }[] } } };
  readonly volumes: Readonly<Record<string, object>>;
}

interface NetworkPlace {
  readonly networks: { readonly pods: { readonly ipv4_address: string } };
  readonly extra_hosts: Readonly<Record<string, string>>;
}

export interface Pod {
  readonly name: string;
  readonly kind: Workload['kind'];
  readonly address: string;
  readonly isOurs: boolean;
  /** URLs by what they are asked for. */
  readonly probes: Readonly<Partial<Record<ProbeName, string>>>;
  /** After SIGTERM, until it is killed. */
  readonly stopSeconds: number;
  readonly image: string;
  readonly limits: Pick<ContainerOfPod, 'cpus' | 'mem_limit'>;
  readonly user: string;
}

/** From the address of a Service to that of its pod, as kube-proxy would lead it. */
export interface Forward {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
}

export const probeNames = ['startup', 'liveness', 'readiness'] as const;
export type ProbeName = (typeof probeNames)[number];

// The ranges that kubeadm proposes for pods and Services.
const network = '10.244.0.0/24';
const podAddress = (index: number) => `10.244.0.${10 + index}`;
const serviceAddress = (index: number) => `10.96.0.${10 + index}`;

export function onDocker(resources: Resources, secretValue: SecretValue): OnDocker {
  const workloads = workloadsOf(resources).map((workload, index) => ({ workload, address: podAddress(index) }));
  const services = ofKind(resources, 'Service').map((service, index) => {
    const behind = workloads.find(({ workload }) => matches(service.spec?.selector ?? {}, workload.labels));
    if (!behind) throw new Error(`Nobody is behind ${nameOf(service)}.`);
    const isHeadless = service.spec?.clusterIP === 'None';
    return { service, behind, address: isHeadless ? behind.address : serviceAddress(index) };
  });
  const extra_hosts = Object.fromEntries(services.map(({ service, address }) => [nameOf(service), address]));
  const containers = workloads.map(({ workload, address }) => ({
    workload,
    address,
    container: containerOf(resources, workload, secretValue),
  }));
  const volumes = containers.flatMap(({ container }) => container.volumes.map((volume) => volume.split(':')[0] ?? ''));
  return {
    network,
    composeFile: {
      name: 'quadrille-pods',
      services: Object.fromEntries(
        containers.map(({ workload: { name }, address, container }) => [
          name,
          { ...container, networks: { pods: { ipv4_address: address } }, extra_hosts },
        ]),
      ),
      networks: { pods: { ipam: { config: [{ subnet: network }] } } },
      volumes: Object.fromEntries(volumes.map((volume) => [volume, {}])),
    },
    pods: containers.map(({ workload, address, container }) => podOf(workload, address, container)),
    forwards: services.flatMap(({ service, behind, address }) =>
      address === behind.address
        ? []
        : (service.spec?.ports ?? []).map(({ port, targetPort }) => ({
            from: address,
            fromPort: port,
            to: behind.address,
            toPort: portNumber(behind.workload, targetPort) ?? port,
          })),
    ),
  };
}

function podOf(workload: Workload, address: string, { image, cpus, mem_limit, user }: ContainerOfPod): Pod {
  const { name, kind, pod, container } = workload;
  const probes = probeNames.flatMap((probe) => {
    const { path, port } = container[`${probe}Probe`]?.httpGet ?? {};
    return path === undefined ? [] : [[probe, `http://${address}:${portNumber(workload, port)}${path}`]];
  });
  return {
    name,
    kind,
    address,
    isOurs: isOurs(workload),
    probes: Object.fromEntries(probes) as Pod['probes'],
    stopSeconds: afterPreStopSeconds(pod, container),
    image,
    limits: { cpus, mem_limit },
    user,
  };
}
