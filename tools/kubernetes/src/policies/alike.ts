import { isDeepStrictEqual } from 'node:util';
import { nameOf, ofKind, type Policy, type Resource, type Resources } from '../resource.js';
import { isParticipant, participantsOf, serviceOf, workloadsOf } from '../workload.js';

/** What one service has, all have: they differ in their name, and in the variables that they alone read. */
export const servicesAreAlike: Policy = (resources) => {
  const [first = '', ...others] = [...new Set(participantsOf(resources).map(serviceOf))];
  const pattern = namelessOf(resources, first);
  return others.flatMap((service) => {
    const own = namelessOf(resources, service);
    return [...new Set([...pattern.keys(), ...own.keys()])]
      .filter((name) => !isDeepStrictEqual(pattern.get(name), own.get(name)))
      .map((name) => `${name.replace('<s>', service)} is not like ${name.replace('<s>', first)}.`);
  });
};

const kinds = [
  'Deployment',
  'HorizontalPodAutoscaler',
  'ScaledObject',
  'PodDisruptionBudget',
  'Service',
  'Cluster',
] as const;

/** All resources of a service by their names, with nothing in them that says whose they are. */
function namelessOf(resources: Resources, service: string): Map<string, unknown> {
  const others = workloadsOf(resources).filter((workload) => !isParticipant(workload));
  const own = kinds
    .flatMap((kind) => ofKind(resources, kind))
    .filter((one) => nameOf(one).startsWith(`${service}-`) && !others.some(({ name }) => name === nameOf(one)));
  return new Map(
    own.map((resource) => {
      const text = JSON.stringify(withoutOwnVariables(resource)).replaceAll(service, '<s>');
      return [`${resource.kind} ${nameOf(resource).replace(service, '<s>')}`, JSON.parse(text) as unknown];
    }),
  );
}

const ofAll = /^(SERVICE|ROLES|PARTITIONS|HTTP_|DATABASE_|AMQP_|ADMIN_|OTEL_)/;

function withoutOwnVariables(resource: Resource): Resource {
  if (resource.kind !== 'Deployment') return resource;
  const copy = structuredClone(resource) as {
    spec: { template: { spec: { containers: { env?: { name: string }[] }[] } } };
  };
  for (const container of copy.spec.template.spec.containers)
    container.env = (container.env ?? []).filter(({ name }) => ofAll.test(name));
  return copy as unknown as Resource;
}
