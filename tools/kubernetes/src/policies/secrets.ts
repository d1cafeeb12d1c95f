import { ofKind, type Policy } from '../resource.js';
import { isOurs, serviceOf, workloadsOf, type Workload } from '../workload.js';

/** A variable for a secret comes from a Secret. */
export const secretsComeFromSecrets: Policy = (resources) =>
  workloadsOf(resources).flatMap(({ name, container }) =>
    (container.env ?? [])
      .filter((variable) => /PASSWORD|TOKEN|SECRET|_KEY$|_PASS$/.test(variable.name))
      .filter(({ valueFrom }) => !valueFrom?.secretKeyRef)
      .map((variable) => `${name} has ${variable.name} in its manifest.`),
  );

/** A service knows its own secrets; those of administrators are the setup step's. */
export const knowsItsOwnSecrets: Policy = (resources) =>
  workloadsOf(resources)
    .filter((workload) => isOurs(workload) && workload.kind !== 'Job')
    .flatMap((workload) =>
      secretNames(workload)
        .filter((secret) => !secret.startsWith(`${playsFor(serviceOf(workload))}-`))
        .map((secret) => `${workload.name} reads ${secret}.`),
    );

/** Where an operator fetches secrets, it fetches every one that a pod waits for, and no other. */
export const everySecretIsFetched: Policy = (resources) => {
  const fetched = ofKind(resources, 'ExternalSecret').map(({ spec }) => spec.target.name);
  const byOperators = ['rabbitmq-default-user'];
  const needed = new Set([
    ...workloadsOf(resources).flatMap(secretNames),
    ...ofKind(resources, 'Cluster').map(({ spec }) => spec.bootstrap.initdb.secret.name),
    ...ofKind(resources, 'ObjectStore').map(({ spec }) => spec.configuration.s3Credentials.accessKeyId.name),
    ...ofKind(resources, 'TriggerAuthentication').flatMap(({ spec }) => spec.secretTargetRef.map(({ name }) => name)),
  ]);
  return [
    ...[...needed]
      .filter((secret) => !fetched.includes(secret) && !byOperators.includes(secret))
      .map((secret) => `Nobody makes the Secret ${secret}.`),
    ...fetched.filter((secret) => !needed.has(secret)).map((secret) => `Nobody needs the Secret ${secret}.`),
  ];
};

export function secretNames({ container }: Workload): string[] {
  const names = (container.env ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []);
  return [...new Set(names)];
}

/** Who plays Stripe for payment shares the account's keys with it. */
function playsFor(service: string): string {
  return service === 'payment-provider' ? 'payment' : service;
}
