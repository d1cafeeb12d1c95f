import { Counter, Gauge, type Registry } from '@quadrille/observability';

/** The numbers of the guards of one process, by whom they stand before. Asking twice for the same registry answers with the same metrics. */
export function taskGuardMetrics(registry: Registry, dependency: string) {
  const tries = counter(registry, {
    name: 'quadrille_task_tries_total',
    help: 'Tries of tasks that ask something outside, by kind: first or retry.',
    label: 'kind',
  });
  const postponed = counter(registry, {
    name: 'quadrille_tasks_postponed_total',
    help: 'Tasks that were put off without a try, by reason: budget or breaker.',
    label: 'reason',
  });
  const breaker = {
    name: 'quadrille_breaker_open',
    help: '1 while nobody asks, or one for all: nobody gets an answer.',
  };
  const open =
    (registry.getSingleMetric(breaker.name) as Gauge<'dependency'> | undefined) ??
    new Gauge({ ...breaker, labelNames: ['dependency'], registers: [registry] });
  for (const kind of ['first', 'retry']) tries.inc({ dependency, kind }, 0);
  for (const reason of ['budget', 'breaker']) postponed.inc({ dependency, reason }, 0);
  open.set({ dependency }, 0);
  return {
    tried: (kind: 'first' | 'retry') => tries.inc({ dependency, kind }),
    postponed: (reason: 'budget' | 'breaker') => postponed.inc({ dependency, reason }),
    open: (isOpen: boolean) => open.set({ dependency }, isOpen ? 1 : 0),
  };
}

function counter(registry: Registry, { name, help, label }: { name: string; help: string; label: string }) {
  return (
    (registry.getSingleMetric(name) as Counter | undefined) ??
    new Counter({ name, help, labelNames: ['dependency', label], registers: [registry] })
  );
}

export type TaskGuardMetrics = ReturnType<typeof taskGuardMetrics>;
