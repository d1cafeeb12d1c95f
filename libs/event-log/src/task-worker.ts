import type { Cause } from './round-types.js';

/** Work that a state asks for, done outside any transaction. */
export interface Task {
  readonly stream: string;
  readonly task: string;
  /** How often it was tried since it last got anywhere. */
  readonly attempts: number;
  readonly cause: Cause;
}

export type TaskResult<Command> =
  /**
   * What came of it, as a command for the decider. When the state still asks for the same task, it is done again: at once if the
   * answer changed something, else later. `next` is a step that may only follow right behind this one: it is taken under the same
   * claim when the command is committed and has changed something, and else, as after a crash, the task begins anew.
   */
  | { readonly kind: 'answer'; readonly command: Command; readonly next?: () => Promise<TaskResult<Command>> }
  /** Not now: once more after `delayMs`, or after a growing wait. */
  | { readonly kind: 'again'; readonly reason: string; readonly delayMs?: number }
  /** Not even tried, for it is not the time: once more after `delayMs`, and no attempt is counted. */
  | { readonly kind: 'postpone'; readonly reason: string; readonly delayMs: number }
  /** A person has to look: a dead letter on the stream's key, whose replay does the task again. */
  | { readonly kind: 'give-up'; readonly reason: string };

/** The service's side of a task. It may be asked twice for the same one, after a crash or a freeze. A thrown error means again. */
export interface TaskWorker<Command> {
  perform(task: Task): Promise<TaskResult<Command>>;
}
