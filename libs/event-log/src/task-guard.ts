import type { Logger, Registry } from '@quadrille/observability';
import { CircuitBreaker, type CircuitBreakerOptions, type Passage } from './circuit-breaker.js';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.js';
import { retryDelayMs, type RetryPolicy } from './retry-policy.js';
import { taskGuardMetrics, type TaskGuardMetrics } from './task-guard-metrics.js';
import type { Task, TaskResult } from './task-worker.js';

export interface TaskGuardOptions {
  /** Whom the tasks ask: the label of the metrics. */
  readonly dependency: string;
  /** The waits of one task between its tries. */
  readonly retry: RetryPolicy;
  /** Of all tasks together. */
  readonly budget: RetryBudgetOptions;
  readonly breaker: CircuitBreakerOptions;
  /** Whether an error is an answer all the same. Everything else that is thrown counts as no answer. */
  readonly isAnswer: (error: unknown) => boolean;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly nowMs?: () => number;
}

/**
 * Stands between the tasks of one replica and what they ask outside: the one layer that decides when a try is made. Each task
 * waits longer after each failure; all retries together share a budget; and while nobody gets an answer, one asks for all. A task
 * that may not try is postponed and keeps its place on the agenda: none is dropped.
 */
export class TaskGuard {
  private readonly budget: RetryBudget;
  private readonly breaker: CircuitBreaker;
  private readonly metrics: TaskGuardMetrics;

  constructor(private readonly options: TaskGuardOptions) {
    const { registry, dependency, nowMs } = options;
    this.budget = new RetryBudget(options.budget, nowMs);
    this.breaker = new CircuitBreaker(options.breaker, nowMs);
    this.metrics = taskGuardMetrics(registry, dependency);
  }

  /** Makes one try, or says when to come again. Rejects as `ask` does. */
  async run<Command>({ attempts }: Task, ask: () => Promise<TaskResult<Command>>): Promise<TaskResult<Command>> {
    const passage = this.breaker.enter();
    if (!passage) return this.postpone('breaker', this.breaker.waitMs);
    const kind = attempts === 0 ? 'first' : 'retry';
    if (kind === 'first') this.budget.firstTry();
    // The probe asks for all, so it needs no budget.
    else if (passage !== 'probe' && !this.budget.retry()) return this.postpone('budget', 0);
    this.metrics.tried(kind);
    try {
      const result = await ask();
      this.answered(passage);
      return result;
    } catch (error) {
      if (this.options.isAnswer(error)) this.answered(passage);
      else this.failed(passage, kind, error);
      throw error;
    } finally {
      this.metrics.open(this.breaker.state !== 'closed');
    }
  }

  /** The wait after a failed try, with full jitter. */
  delayMs({ attempts }: Task): number {
    return retryDelayMs(this.options.retry, attempts + 1);
  }

  /** Spread over the longest wait: those who wait together must not come back together. */
  private postpone(reason: 'budget' | 'breaker', atLeastMs: number) {
    const { dependency, retry } = this.options;
    this.metrics.postponed(reason);
    const delayMs = atLeastMs + Math.random() * retry.delayMaxMs;
    return { kind: 'postpone', reason: `${dependency}: ${reason}`, delayMs } as const;
  }

  private answered(passage: Passage): void {
    this.budget.answered();
    this.breaker.answered(passage);
    if (passage === 'probe') this.options.logger.info({ dependency: this.options.dependency }, 'answers come again');
  }

  private failed(passage: Passage, kind: 'first' | 'retry', error: unknown): void {
    this.budget.failed();
    // A retry may fail for a reason of its own, and has its budget; first tries that fail alike say that nobody is there.
    if (passage === 'call' && kind === 'retry') return;
    const opened = this.breaker.failed(passage);
    if (opened && passage === 'call')
      this.options.logger.error(
        { err: error, dependency: this.options.dependency },
        'nobody gets an answer: tasks are postponed, and one at a time finds out whether it is over',
      );
  }
}
