export const experimentNames = ['hot', 'replicas', 'history', 'backlog', 'memory'] as const;
export type ExperimentName = (typeof experimentNames)[number];
export type Sizes = Readonly<Partial<Record<ExperimentName, number>>>;

/** Of those that have one: replicas of each service, ended orders, orders behind, orders. */
export const defaultSizes: Readonly<Record<ExperimentName, number>> = {
  hot: 1,
  replicas: 3,
  history: 1_000_000,
  backlog: 200_000,
  memory: 500_000,
};
