import { Counter, Gauge, type Registry } from '@quadrille/observability';
import type { CircuitBreaker } from './circuit-breaker.js';

/** The numbers of what one guard lets through and puts off. */
export function taskGuardMetrics(registry: Registry, dependency: string, breaker: CircuitBreaker) {
  const registers = [registry];
  const tries = new Counter({
    name: 'quadrille_task_tries_total',
    help: 'Tries of tasks that ask something outside, by kind: first or retry.',
    labelNames: ['dependency', 'kind'],
    registers,
  });
  const postponed = new Counter({
    name: 'quadrille_tasks_postponed_total',
    help: 'Tasks that were put off without a try, by reason: budget or breaker.',
    labelNames: ['dependency', 'reason'],
    registers,
  });
  for (const kind of ['first', 'retry']) tries.inc({ dependency, kind }, 0);
  for (const reason of ['budget', 'breaker']) postponed.inc({ dependency, reason }, 0);
  new Gauge({
    name: 'quadrille_breaker_open',
    help: '1 while nobody asks, or one for all, because nobody gets an answer.',
    labelNames: ['dependency'],
    registers,
    collect() {
      this.set({ dependency }, breaker.state === 'closed' ? 0 : 1);
    },
  });
  return { tries, postponed };
}

export type TaskGuardMetrics = ReturnType<typeof taskGuardMetrics>;
