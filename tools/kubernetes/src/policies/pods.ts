import { nameOf, ofKind, type Policy } from '../resource.js';
import { isOurs, matches, workloadsOf } from '../workload.js';

/** Pod Security `restricted` (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and a root that nobody writes to. */
export const isRestricted: Policy = (resources) =>
  workloadsOf(resources).flatMap(({ name, pod, container }) => {
    const { securityContext: here = {} } = container;
    const { securityContext: around = {} } = pod;
    const wanted: readonly (readonly [boolean, string])[] = [
      [around.runAsNonRoot === true && (around.runAsUser ?? 0) > 0, 'may run as root'],
      [around.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile'],
      [here.allowPrivilegeEscalation === false, 'may escalate its privileges'],
      [here.capabilities?.drop?.includes('ALL') === true && !here.capabilities.add, 'keeps capabilities'],
      [here.readOnlyRootFilesystem === true, 'writes to its root file system'],
      [!here.privileged && !pod.hostNetwork && !pod.hostPID && !pod.hostIPC, 'shares the host’s namespaces'],
      [(pod.volumes ?? []).every((volume) => !volume.hostPath), 'mounts a directory of its node'],
    ];
    return wanted.filter(([isSo]) => !isSo).map(([, fault]) => `${name} ${fault}.`);
  });

/** The API server itself refuses pods that are not. */
export const namespaceEnforcesRestricted: Policy = (resources) => {
  const namespaces = ofKind(resources, 'Namespace');
  const label = 'pod-security.kubernetes.io/enforce';
  return [
    ...(namespaces.length === 1 ? [] : [`There are ${namespaces.length} namespaces.`]),
    ...namespaces
      .filter(({ metadata }) => metadata?.labels?.[label] !== 'restricted')
      .map((namespace) => `The namespace ${nameOf(namespace)} does not enforce restricted pods.`),
    ...resources
      .filter(({ kind, metadata }) => kind !== 'Namespace' && metadata?.namespace !== namespaces[0]?.metadata?.name)
      .map((resource) => `${resource.kind} ${nameOf(resource)} is in another namespace.`),
  ];
};

/** Nothing here talks to the Kubernetes API. */
export const hasNoToken: Policy = (resources) => {
  const accounts = ofKind(resources, 'ServiceAccount');
  return [
    ...accounts
      .filter((account) => account.automountServiceAccountToken !== false)
      .map((account) => `The account ${nameOf(account)} gives its pods a token.`),
    ...workloadsOf(resources).flatMap((workload) => {
      const { name, pod } = workload;
      return [
        ...(pod.automountServiceAccountToken === false ? [] : [`${name} mounts a token.`]),
        ...(pod.enableServiceLinks === false ? [] : [`${name} gets a variable for every Service of the namespace.`]),
        ...(!pod.serviceAccountName || accounts.some((account) => nameOf(account) === pod.serviceAccountName)
          ? []
          : [`${name} runs as ${pod.serviceAccountName}, which there is not.`]),
        ...(workload.kind === 'StatefulSet' || pod.serviceAccountName ? [] : [`${name} has no account of its own.`]),
      ];
    }),
  ];
};

/** A node knows what it takes on, and no pod takes more than was agreed. */
export const asksForWhatItUses: Policy = (resources) =>
  workloadsOf(resources).flatMap(({ name, container }) =>
    (['requests', 'limits'] as const).flatMap((side) =>
      (['cpu', 'memory'] as const)
        .filter((what) => container.resources?.[side]?.[what] === undefined)
        .map((what) => `${name} has no ${side} of ${what}.`),
    ),
  );

/** Neither a lost zone nor a lost node takes all pods of a kind, and a drained node is left by one pod at a time. */
export const standsOnSeveralNodes: Policy = (resources) =>
  workloadsOf(resources)
    .filter((workload) => workload.kind === 'Deployment' && isOurs(workload))
    .flatMap(({ name, labels, pod }) => {
      const spread = pod.topologySpreadConstraints ?? [];
      const budgets = ofKind(resources, 'PodDisruptionBudget').filter(({ spec }) =>
        matches(spec?.selector?.matchLabels ?? {}, labels),
      );
      const missing = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].filter(
        (key) =>
          !spread.some((one) => one.topologyKey === key && matches(one.labelSelector?.matchLabels ?? {}, labels)),
      );
      return [
        ...missing.map((key) => `${name} is not spread over ${key}.`),
        ...spread
          .filter((one) => one.whenUnsatisfiable === 'DoNotSchedule' && one.nodeTaintsPolicy !== 'Honor')
          .map(() => `${name} finds no place while a node is drained.`),
        ...(budgets.length === 1 ? [] : [`${name} has ${budgets.length} disruption budgets.`]),
        ...budgets
          .filter(({ spec }) => spec?.maxUnavailable !== 1)
          .map(() => `${name}'s disruption budget does not let one pod go at a time.`),
      ];
    });
