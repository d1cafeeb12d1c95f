import { allowedArrows } from '../network/allowed-arrows.js';
import { expectedArrows } from '../network/expected-arrows.js';
import { ofKind, type Policy, type Resources } from '../resource.js';

/** A port that no rule names: whoever may use it may use all. */
const anyPort = 9;

/** Everything that configuration needs is let through, and nothing else. */
export const followsTheArrows: Policy = (resources) => {
  const expected = new Set(expectedArrows(resources));
  const ports = new Set([
    ...portsNamed(resources),
    ...[...expected].map((arrow) => Number(arrow.split(':').at(-1))),
    anyPort,
  ]);
  const allowed = new Set(allowedArrows(resources, ports));
  return [
    ...[...expected].filter((arrow) => !allowed.has(arrow)).map((arrow) => `${arrow} is needed, and not allowed.`),
    ...[...allowed].filter((arrow) => !expected.has(arrow)).map((arrow) => `${arrow} is allowed, and nobody needs it.`),
  ];
};

function portsNamed(resources: Resources): number[] {
  return ofKind(resources, 'NetworkPolicy')
    .flatMap(({ spec }) => [...(spec?.ingress ?? []), ...(spec?.egress ?? [])])
    .flatMap(({ ports = [] }) => ports.map(({ port }) => Number(port)));
}
