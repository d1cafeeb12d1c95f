import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import { nameOf, type Kind, type Kinds, type Resource, type Resources } from '../src/resource.js';

type Mutable<T> = T extends (...args: never[]) => unknown ? T : { -readonly [K in keyof T]: Mutable<T[K]> };

/** The same resources, but for one that `change` has spoiled. */
export function spoil<K extends Kind>(
  resources: Resources,
  kind: K,
  name: string,
  change: (resource: Mutable<Kinds[K]>) => unknown,
): Resources {
  const copy = structuredClone(resources) as Resource[];
  const found = copy.find((resource) => resource.kind === kind && nameOf(resource) === name);
  if (!found) throw new Error(`There is no ${kind} ${name} to spoil.`);
  change(found as Mutable<Kinds[K]>);
  return copy;
}

export function without(resources: Resources, kind: Kind, name: string): Resources {
  const rest = resources.filter((resource) => resource.kind !== kind || nameOf(resource) !== name);
  if (rest.length === resources.length) throw new Error(`There is no ${kind} ${name} to leave out.`);
  return rest;
}

type WithPod = Mutable<Kinds['Deployment'] | Kinds['StatefulSet'] | Kinds['Job']>;

export function podOf(resource: WithPod): PodSpec {
  return (resource as Kinds['Deployment']).spec!.template.spec!;
}

export function containerOf(resource: WithPod): Container {
  return podOf(resource).containers[0]!;
}

export function setVariable(resource: WithPod, name: string, value: string): void {
  const container = containerOf(resource);
  container.env = [...(container.env ?? []).filter((variable) => variable.name !== name), { name, value }];
}
