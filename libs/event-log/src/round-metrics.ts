import { Counter, Histogram, Registry } from '@quadrille/observability';

/** The numbers of the rounds of one process. Asking twice for the same registry answers with the same metrics. */
export function roundMetrics(registry: Registry = new Registry()) {
  const counter = (name: string, help: string) =>
    (registry.getSingleMetric(name) as Counter | undefined) ?? new Counter({ name, help, registers: [registry] });
  const histogram = (name: string, help: string, buckets: number[]) =>
    (registry.getSingleMetric(name) as Histogram | undefined) ??
    new Histogram({ name, help, buckets, registers: [registry] });
  return {
    items: histogram(
      'quadrille_round_items',
      'Messages, requests and wake-ups in one committed round',
      [1, 2, 5, 10, 20, 50, 100, 200],
    ),
    seconds: histogram(
      'quadrille_round_seconds',
      'From the beginning of a round to its commit',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ),
    retries: counter('quadrille_round_retries_total', 'Rounds run again after a fault of the moment'),
    splits: counter('quadrille_round_splits_total', 'Batches split in search of what fails in them'),
    duplicates: counter('quadrille_inbox_duplicates_total', 'Messages that the inbox knew already'),
    held: counter('quadrille_messages_held_total', 'Messages that entered the held store'),
    refused: counter('quadrille_refusals_total', 'Commands that a decider refused'),
  };
}

export type RoundMetrics = ReturnType<typeof roundMetrics>;
