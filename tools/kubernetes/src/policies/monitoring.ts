import { nameOf, ofKind, type Policy, type Resources } from '../resource.js';
import { matches, participantsOf } from '../workload.js';

/** Every process of every role is looked at, where it serves its metrics. */
export const everyProcessIsMonitored =
  (metricsPath: string): Policy =>
  (resources) =>
    participantsOf(resources).flatMap(({ name, labels }) => {
      const services = ofKind(resources, 'Service').filter(({ spec }) => matches(spec?.selector ?? {}, labels));
      const asked = services.flatMap((service) => endpointsOf(resources, service));
      if (asked.length === 0) return [`Nobody looks at ${name}.`];
      return asked.flatMap(({ monitor, path, port, hasPort }) => [
        ...(path === metricsPath ? [] : [`${monitor} asks ${name} for ${path}, and metrics are at ${metricsPath}.`]),
        ...(hasPort ? [] : [`${monitor} asks ${name} at the port ${port}, which its Service does not have.`]),
      ]);
    });

type Service = ReturnType<typeof ofKind<'Service'>>[number];

function endpointsOf(resources: Resources, { metadata, spec }: Service) {
  return ofKind(resources, 'ServiceMonitor')
    .filter((monitor) => matches(monitor.spec.selector.matchLabels ?? {}, metadata?.labels ?? {}))
    .flatMap((monitor) =>
      monitor.spec.endpoints.map(({ path = '/metrics', port }) => ({
        monitor: nameOf(monitor),
        path,
        port,
        hasPort: spec?.ports?.some(({ name }) => name === port) ?? false,
      })),
    );
}
