import { Counter, Gauge, Histogram, Registry } from '@quadrille/observability';

/** What is measured about a broker. Brokers that are given the same registry share their metrics. */
export interface BrokerMetrics {
  readonly published: Counter;
  readonly returned: Counter;
  readonly nacked: Counter;
  readonly unknown: Counter<'reason'>;
  readonly confirmSeconds: Histogram;
  readonly inFlight: Gauge;
  readonly reconnects: Counter<'connection'>;
  readonly delivered: Counter<'service'>;
  readonly setAside: Counter<'service'>;
  readonly deadLetters: Gauge<'queue'>;
}

const known = new WeakMap<Registry, BrokerMetrics>();

export function brokerMetrics(registry: Registry = new Registry()): BrokerMetrics {
  const existing = known.get(registry);
  if (existing) return existing;
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const metrics = {
    published: counter(
      'quadrille_messages_published_total',
      'Messages the broker confirmed; several events may share one.',
    ),
    returned: counter('quadrille_messages_returned_total', 'Messages that no queue took.'),
    nacked: counter('quadrille_messages_nacked_total', 'Messages the broker refused.'),
    unknown: counter('quadrille_publish_unknown_total', 'Publishes whose outcome is unknown, by reason.', ['reason']),
    confirmSeconds: new Histogram({
      name: 'quadrille_publish_confirm_seconds',
      help: 'Time from publishing to the confirm.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    inFlight: new Gauge({
      name: 'quadrille_publish_in_flight',
      help: 'Messages published and not confirmed yet.',
      registers,
    }),
    reconnects: counter('quadrille_broker_reconnects_total', 'Connections to the broker that were opened again.', [
      'connection',
    ]),
    delivered: counter(
      'quadrille_messages_delivered_total',
      'Messages that came from the broker, each event of a batch for itself.',
      ['service'],
    ),
    setAside: counter('quadrille_messages_set_aside_total', 'Messages put into a dead-letter queue.', ['service']),
    deadLetters: new Gauge({
      name: 'quadrille_broker_dead_letters',
      help: 'Messages in a dead-letter queue of the broker, which wait for a person.',
      labelNames: ['queue'],
      registers,
    }),
  };
  known.set(registry, metrics);
  return metrics;
}
