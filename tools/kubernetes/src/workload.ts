import type { Container, EnvVar, PodSpec } from 'kubernetes-types/core/v1.js';
import { nameOf, ofKind, type Resources } from './resource.js';

export type Labels = Readonly<Record<string, string>>;

/** Whatever makes pods of ours, and the pod it makes. */
export interface Workload {
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job';
  readonly name: string;
  readonly labels: Labels;
  readonly selector: Labels | undefined;
  readonly pod: PodSpec;
  readonly container: Container;
}

export function workloadsOf(resources: Resources): Workload[] {
  return (['Deployment', 'StatefulSet', 'Job'] as const).flatMap((kind) =>
    ofKind(resources, kind).map((resource) => {
      const { selector, template } = resource.spec ?? {};
      const [container, ...more] = template?.spec?.containers ?? [];
      if (!template?.spec || !container || more.length > 0)
        throw new Error(`${nameOf(resource)} does not have one container.`);
      const labels = template.metadata?.labels ?? {};
      return { kind, name: nameOf(resource), labels, selector: selector?.matchLabels, pod: template.spec, container };
    }),
  );
}

/** The processes of order, inventory and payment. */
export function participantsOf(resources: Resources): Workload[] {
  return workloadsOf(resources).filter(isParticipant);
}

export function isParticipant({ labels }: Workload): boolean {
  return labels['quadrille.dev/participant'] === 'true';
}

/** What Quadrille brings, unlike PostgreSQL and RabbitMQ. */
export function isOurs({ container }: Workload): boolean {
  return /(^|\/)quadrille\//.test(container.image ?? '');
}

export function serviceOf({ labels }: Workload): string {
  return labels['app.kubernetes.io/name'] ?? '';
}

export function roleOf({ labels }: Workload): string | undefined {
  return labels['app.kubernetes.io/component'];
}

export type SecretValue = (secret: string, key: string) => string;

/** The variables as the process will see them: only what stands before a variable is put into it. */
export function environmentOf(
  { container, labels }: Workload,
  secretValue: SecretValue = () => 'a-secret-of-24-characters',
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const variable of container.env ?? [])
    environment[variable.name] = valueOf(variable, labels, secretValue).replace(
      /\$\(([A-Z_]+)\)/g,
      (reference, name: string) => environment[name] ?? reference,
    );
  return environment;
}

function valueOf({ value, valueFrom }: EnvVar, labels: Labels, secretValue: SecretValue): string {
  const { secretKeyRef, fieldRef } = valueFrom ?? {};
  if (secretKeyRef) return secretValue(secretKeyRef.name ?? '', secretKeyRef.key);
  const [, label] = /^metadata\.labels\['(.+)'\]$/.exec(fieldRef?.fieldPath ?? '') ?? [];
  return (label === undefined ? value : labels[label]) ?? '';
}

/** Of the container's port that goes by this name, or the number itself. */
export function portNumber({ container }: Workload, port: string | number | undefined): number | undefined {
  return typeof port === 'number' ? port : container.ports?.find(({ name }) => name === port)?.containerPort;
}

export function matches(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
