import { nameOf, ofKind, type Policy } from '../resource.js';
import { environmentOf, matches, participantsOf, portNumber, serviceOf, workloadsOf } from '../workload.js';

/** What was confirmed outlives the loss of one machine, and a mistake can be undone. */
export const keepsWhatItConfirmed: Policy = (resources) => [
  ...ofKind(resources, 'RabbitmqCluster').flatMap((broker) => [
    ...(broker.spec.replicas >= 3 ? [] : [`${nameOf(broker)} has no majority without one of its nodes.`]),
    ...(broker.spec.affinity.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length
      ? []
      : [`${nameOf(broker)} may have two nodes on one machine.`]),
  ]),
  ...ofKind(resources, 'Cluster').flatMap((cluster) => {
    const { instances, postgresql, plugins, affinity } = cluster.spec;
    const archives = plugins.filter(({ isWALArchiver }) => isWALArchiver);
    const isArchived = archives.some(({ parameters }) =>
      ofKind(resources, 'ObjectStore').some((store) => nameOf(store) === parameters.barmanObjectName),
    );
    const archive = archives[0]?.parameters.serverName ?? nameOf(cluster);
    const origins = (cluster.spec.externalClusters ?? []).map(({ plugin }) => plugin.parameters.serverName);
    const isBackedUp = ofKind(resources, 'ScheduledBackup').some(({ spec }) => spec.cluster.name === nameOf(cluster));
    const wanted: readonly (readonly [boolean, string])[] = [
      [instances >= 3 && affinity.podAntiAffinityType === 'required', 'does not stand on three machines'],
      [
        postgresql.synchronous.number >= 1 && postgresql.synchronous.dataDurability === 'required',
        'answers a commit that is on one machine only',
      ],
      [isArchived, 'does not archive its log'],
      [!origins.includes(archive), `writes to the archive ${archive}, from which it is restored`],
      [isBackedUp, 'has no backups'],
    ];
    return wanted.filter(([isSo]) => !isSo).map(([, fault]) => `${nameOf(cluster)} ${fault}.`);
  }),
];

/** Every service comes as a user of its own, and the setup step prepares that very user. */
export const comesAsItsOwnUser: Policy = (resources) => {
  // Two values are the same when they come from the same Secret.
  const named = (secret: string, key: string) => `${secret}.${key}`;
  const [setup] = workloadsOf(resources).filter(({ kind }) => kind === 'Job');
  const prepared = setup ? environmentOf(setup, named) : {};
  return participantsOf(resources).flatMap((workload) => {
    const environment = environmentOf(workload, named);
    const service = serviceOf(workload);
    return ['DATABASE_URL', 'AMQP_URL'].flatMap((name) => {
      const url = environment[name] ?? '';
      const user = URL.canParse(url) ? new URL(url).username : 'nobody';
      return [
        ...(user === `quadrille_${service}` ? [] : [`${workload.name} comes to its ${name} as ${user}.`]),
        ...(prepared[`${service.toUpperCase()}_${name}`] === url
          ? []
          : [`The setup step prepares another ${name} than ${workload.name} has.`]),
      ];
    });
  });
};

/** There are pods behind it, and they have the port. */
export const servicesLeadSomewhere: Policy = (resources) =>
  ofKind(resources, 'Service').flatMap((service) => {
    const { selector = {}, ports = [] } = service.spec ?? {};
    const pods = workloadsOf(resources).filter(({ labels }) => matches(selector, labels));
    if (pods.length === 0) return [`Nobody is behind ${nameOf(service)}.`];
    return ports.flatMap(({ targetPort }) =>
      pods
        .filter(
          (workload) =>
            !workload.container.ports?.some((one) => one.containerPort === portNumber(workload, targetPort)),
        )
        .map(({ name }) => `${nameOf(service)} leads to ${targetPort} of ${name}, which has no such port.`),
    );
  });
