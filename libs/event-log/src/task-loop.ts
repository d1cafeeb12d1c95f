import { AgendaClaims, type AgendaEntry, type AgendaRelease } from './agenda-claims.js';
import { AgendaFailures, type AgendaParts } from './agenda-failures.js';
import { messageOf } from './faults.js';
import { Gathered } from './gathered.js';
import { Loop } from './loop.js';
import { pause } from './pause.js';
import { retryDelayMs } from './retry-policy.js';
import { withSpan, withTraceContext } from '@quadrille/observability';
import type { TaskResult, TaskWorker } from './task-worker.js';
import { endlessRetry, taskRetry } from './timing.js';

/** Calls of the worker that run at the same time in one replica. */
const tasksAtOnce = 128;

type Answer = Extract<TaskResult<unknown>, { kind: 'answer' }>;

/**
 * Gives tasks to the service's worker, each claimed by one replica, outside any transaction, and brings the answers back
 * through the round. A claim is extended while its task runs; after a crash it expires, and another replica does the task.
 */
export class TaskLoop {
  private readonly claims: AgendaClaims;
  private readonly failures: AgendaFailures;
  private readonly loop: Loop;
  private readonly extending: Loop;
  private readonly running = new Map<string, Promise<unknown>>();
  /** Counts what was heard of the agenda: somebody's next task may have come while the one before it ran. */
  private news = 0;
  private isFull = false;
  /** Claims that are given back at the same time are given back by one statement. */
  private readonly releases: Gathered<AgendaRelease, boolean>;
  private readonly stopped = new AbortController();

  constructor(
    private readonly parts: AgendaParts,
    private readonly worker: TaskWorker<unknown>,
    private readonly decider: { awaits?(state: unknown): unknown },
  ) {
    const { dataSource, replicaId, timing, logger, signal } = parts;
    this.failures = new AgendaFailures(parts);
    this.claims = new AgendaClaims(dataSource, 'task', replicaId, timing.taskLeaseMs);
    this.releases = new Gathered(async (entries) => {
      const left = await this.claims.release(entries);
      return entries.map(({ stream }) => left.has(stream));
    });
    this.loop = new Loop({ name: 'tasks', pauseMs: timing.agendaPollMs, logger, step: () => this.begin() });
    const pauseMs = timing.taskLeaseMs / 3;
    const step = () => this.claims.extend([...this.running.keys()]);
    this.extending = new Loop({ name: 'task claims', pauseMs, logger, step });
    signal.on('agenda', () => {
      this.news += 1;
      this.loop.wake();
    });
  }

  start(): void {
    this.loop.start();
    this.extending.start();
  }

  /** Begins nothing more and waits for the tasks that run; their claims stay extended until then. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.loop.stop();
    await Promise.all(this.running.values());
    await this.extending.stop();
  }

  private async begin(): Promise<void> {
    const free = tasksAtOnce - this.running.size;
    if (free === 0) return;
    const claimed = await this.claims.claim(free, [...this.running.keys()]);
    if (this.loop.isStopping) return this.claims.giveBack(claimed);
    this.isFull = claimed.length === free;
    for (const entry of claimed) this.begun(entry);
  }

  private begun(entry: AgendaEntry): void {
    const { stream, attempts, cause } = entry;
    const task = { stream, task: entry.task ?? '', attempts, cause };
    const { news } = this;
    const done = this.perform(entry, () => this.worker.perform(task)).catch((error: unknown) => {
      this.parts.logger.warn({ err: error, stream }, 'a task could not be settled; its claim will expire');
      return false;
    });
    this.running.set(stream, done);
    void done.then((isOver) => {
      this.running.delete(stream);
      // There may be more than could be begun, or the same stream's next task.
      if (!isOver || this.isFull || this.news > news) this.loop.wake();
    });
  }

  /** Answers whether it is over, and the state asks for nothing more. */
  private async perform(entry: AgendaEntry, step: () => Promise<TaskResult<unknown>>): Promise<boolean> {
    const { stream, task, attempts, cause } = entry;
    let result: TaskResult<unknown>;
    try {
      result = await withTraceContext(cause, () => withSpan(`task ${task}`, { traceparent: cause.traceparent }, step));
    } catch (error) {
      this.parts.logger.warn({ err: error, stream, task, attempts }, 'a task failed and is done again');
      result = { kind: 'again', reason: messageOf(error) };
    }
    return this.settle(entry, result);
  }

  private async settle(entry: AgendaEntry, result: TaskResult<unknown>): Promise<boolean> {
    switch (result.kind) {
      case 'answer':
        return this.answer(entry, result);
      case 'again':
        await this.again(entry, result.delayMs);
        return false;
      case 'postpone':
        await this.releases.run({ stream: entry.stream, attempts: entry.attempts, delayMs: result.delayMs });
        return false;
      case 'give-up':
        await this.failures.giveUp(entry, 'given_up', result.reason);
        return false;
    }
  }

  private async answer(entry: AgendaEntry, { command, next }: Answer): Promise<boolean> {
    const answer = (state: unknown) => this.decider.awaits?.(state) ?? null;
    const [outcome] = await this.patiently(() =>
      this.parts.rounds.run([{ kind: 'wake-up', command, cause: entry.cause, answer }]),
    );
    if (outcome?.kind === 'decided' && outcome.events > 0) {
      // An answer that changed something is progress: the next step of the same task need not wait.
      if (next && !this.stopped.signal.aborted) return this.perform({ ...entry, attempts: 0 }, next);
      // The round took the entry out of the agenda, and the claim with it.
      if (outcome.answer === null) return true;
      await this.releases.run({ stream: entry.stream, attempts: 0, delayMs: 0 });
      return false;
    }
    const asksAgain = await this.again(entry);
    if (asksAgain && outcome?.kind === 'failed') await this.failures.failed(entry, messageOf(outcome.error));
    if (asksAgain && outcome?.kind === 'refused') await this.failures.failed(entry, `refused: ${outcome.refusal.code}`);
    return false;
  }

  private async again(
    { stream, attempts }: AgendaEntry,
    delayMs = retryDelayMs(taskRetry, attempts + 1),
  ): Promise<boolean> {
    return this.releases.run({ stream, attempts: attempts + 1, delayMs });
  }

  /** An answer is worth keeping while the database is away: asking again may be expensive. */
  private async patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let failures = 1; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (this.stopped.signal.aborted) throw error;
        this.parts.logger.warn({ err: error }, 'the answer of a task is not committed yet');
      }
      await pause(retryDelayMs(endlessRetry(this.parts.timing), failures), this.stopped.signal);
    }
  }
}
