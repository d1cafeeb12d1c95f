/** How often and after which waits something that failed is tried again. */
export interface RetryPolicy {
  readonly attemptsMax: number;
  readonly firstDelayMs: number;
  readonly factor: number;
  readonly delayMaxMs: number;
}

/** For messages that failed: up to 25 seconds of trying, then a person is asked. */
export const heldRetry: RetryPolicy = { attemptsMax: 8, firstDelayMs: 200, factor: 2, delayMaxMs: 60_000 };

/** For a whole batch that met a serialization failure, a deadlock or a lost connection: quick, then the caller's own patience. */
export const batchRetry: RetryPolicy = { attemptsMax: 6, firstDelayMs: 25, factor: 2, delayMaxMs: 1000 };

/** All waits of a policy together when chance makes each as long as it can be. */
export function longestRetryMs({ attemptsMax, firstDelayMs, factor, delayMaxMs }: RetryPolicy): number {
  let totalMs = 0;
  for (let attempts = 1; attempts < attemptsMax; attempts++)
    totalMs += Math.min(delayMaxMs, firstDelayMs * factor ** (attempts - 1));
  return totalMs;
}

/** The wait after the nth failed attempt, with full jitter, so that those who failed together do not come back together. */
export function retryDelayMs(policy: RetryPolicy, attempts: number): number {
  return Math.random() * Math.min(policy.delayMaxMs, policy.firstDelayMs * policy.factor ** (attempts - 1));
}
