import type { Cluster } from '../custom-resources.js';
import { nameOf, ofKind, type Policy } from '../resource.js';
import { environmentOf, isOurs, participantsOf, serviceOf, workloadsOf, type Workload } from '../workload.js';

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

/** Who may change tables is known to the setup step alone. */
export const changesNoTable: Policy = (resources) => {
  const [setup] = workloadsOf(resources).filter(({ kind }) => kind === 'Job');
  const prepared = setup ? environmentOf(setup) : {};
  return [
    ...participantsOf(resources).flatMap((workload) => {
      const service = serviceOf(workload);
      const [own, owners] = [
        environmentOf(workload)['DATABASE_URL'],
        prepared[`${service.toUpperCase()}_DATABASE_OWNER_URL`],
      ];
      return [
        ...(userOf(own) === userOf(owners) ? [`${workload.name} owns the tables of its database.`] : []),
        ...(secretNames(workload).includes(`${service}-database-owner`)
          ? [`${workload.name} knows the password of its tables' owner.`]
          : []),
      ];
    }),
    ...ofKind(resources, 'Cluster').flatMap((cluster) => {
      const { managed } = cluster.spec;
      const { database, owner: actual } = databaseOf(cluster);
      const service = database.replace('quadrille_', '');
      const owner = userOf(prepared[`${service.toUpperCase()}_DATABASE_OWNER_URL`]);
      return [
        ...(actual === owner ? [] : [`${nameOf(cluster)} belongs to ${actual}, and ${owner} migrates it.`]),
        ...(managed.roles.some(({ name, login }) => name === `quadrille_${service}` && login)
          ? []
          : [`${nameOf(cluster)} has no role for ${service}.`]),
      ];
    }),
  ];
};

/** Where an operator fetches secrets, it fetches every one that a pod waits for, and no other. */
export const everySecretIsFetched: Policy = (resources) => {
  const fetched = ofKind(resources, 'ExternalSecret').map(({ spec }) => spec.target.name);
  const byOperators = ['rabbitmq-default-user'];
  const needed = new Set([
    ...workloadsOf(resources).flatMap(secretNames),
    ...ofKind(resources, 'Cluster').map((cluster) => databaseOf(cluster).secret.name),
    ...ofKind(resources, 'Cluster').flatMap(({ spec }) => spec.managed.roles.map((role) => role.passwordSecret.name)),
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

/** Made anew, or as it was once. */
function databaseOf({ spec: { bootstrap } }: Cluster) {
  return bootstrap.initdb ?? bootstrap.recovery;
}

function userOf(url = ''): string {
  return URL.canParse(url) ? new URL(url).username : 'nobody';
}

/** Who plays Stripe for payment shares the account's keys with it. */
function playsFor(service: string): string {
  return service === 'payment-provider' ? 'payment' : service;
}
