import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient, RoundUnavailable } from './faults.js';
import { batchRetry, retryDelayMs } from './retry-policy.js';

/**
 * Runs one transaction again while it meets faults of the moment, with growing, jittered waits. Rejects with
 * `RoundUnavailable` when that does not help, and at once with any other error. An attempt may have been committed although
 * it failed, so `attempt` has to find out what is already done: inbox, idempotency keys and stream heads tell.
 */
export async function retryTransient<Result>(
  attempt: () => Promise<Result>,
  onRetry: (error: unknown, attempts: number) => void,
): Promise<Result> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (attempts >= batchRetry.attemptsMax) throw new RoundUnavailable(error);
      onRetry(error, attempts);
      await sleep(retryDelayMs(batchRetry, attempts));
    }
  }
}
