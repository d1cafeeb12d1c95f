import type { NetworkPolicyPeer, NetworkPolicyPort } from 'kubernetes-types/networking/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { BlockList } from 'node:net';
import { ofKind, type Resources } from '../resource.js';
import { matches } from '../workload.js';
import { outside, placesOf, type Place } from './places.js';

/** Written `order-http -> order-db:5432`. */
export type Arrow = string;

export function arrow(from: Pick<Place, 'name'>, to: Pick<Place, 'name'>, port: number): Arrow {
  return `${from.name} -> ${to.name}:${port}`;
}

/** All that the network policies let through, tried out for every pair of places and a number of ports. */
export function allowedArrows(resources: Resources, ports: ReadonlySet<number>): Arrow[] {
  const inside = placesOf(resources);
  const all = [...inside, ...Object.values(outside)];
  const pairs = all
    .flatMap((from) => all.map((to) => [from, to] as const))
    .filter((pair) => pair.some((place) => inside.includes(place)));
  return pairs.flatMap(([from, to]) =>
    [...ports]
      .filter((port) => mayLeave(resources, from, to, port) && mayEnter(resources, from, to, port))
      .map((port) => arrow(from, to, port)),
  );
}

function mayLeave(resources: Resources, from: Place, to: Place, port: number): boolean {
  const policies = policiesOn(resources, from, 'Egress');
  if (policies.length === 0) return true;
  return policies.some(({ egress = [] }) => egress.some((rule) => isAmong(to, rule.to) && isPort(port, rule.ports)));
}

function mayEnter(resources: Resources, from: Place, to: Place, port: number): boolean {
  const policies = policiesOn(resources, to, 'Ingress');
  if (policies.length === 0) return true;
  return policies.some(({ ingress = [] }) =>
    ingress.some((rule) => isAmong(from, rule.from) && isPort(port, rule.ports)),
  );
}

/** Policies are the namespace's own: what happens elsewhere is not theirs. */
function policiesOn(resources: Resources, place: Place, direction: 'Ingress' | 'Egress') {
  return ofKind(resources, 'NetworkPolicy')
    .flatMap(({ spec }) => spec ?? [])
    .filter(({ policyTypes }) => policyTypes?.includes(direction))
    .filter(({ podSelector }) => place.pod && !place.namespace && selects(podSelector, place.pod));
}

/** No list of peers or ports means all of them. */
function isAmong(place: Place, peers: readonly NetworkPolicyPeer[] | undefined): boolean {
  return (
    peers === undefined ||
    peers.some(({ ipBlock, namespaceSelector, podSelector }) => {
      if (ipBlock) return place.address !== undefined && isWithin(place.address, ipBlock.cidr, ipBlock.except ?? []);
      if (!place.pod) return false;
      const isThere = namespaceSelector ? selects(namespaceSelector, place.namespace ?? {}) : !place.namespace;
      return isThere && selects(podSelector ?? {}, place.pod);
    })
  );
}

function isPort(port: number, ports: readonly NetworkPolicyPort[] | undefined): boolean {
  return ports === undefined || ports.some((one) => one.port === undefined || one.port === port);
}

function isWithin(address: string, cidr: string, except: readonly string[]): boolean {
  const list = (blocks: readonly string[]) => {
    const found = new BlockList();
    for (const block of blocks) {
      const [net = '', prefix] = block.split('/');
      found.addSubnet(net, Number(prefix));
    }
    return found;
  };
  return list([cidr]).check(address) && !list(except).check(address);
}

function selects(
  { matchLabels = {}, matchExpressions }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (matchExpressions) throw new Error('Network policies select by labels alone here.');
  return matches(matchLabels, labels);
}
