import type { RetryPolicy } from './retry-policy.js';

/** Every duration and bound of the plumbing, in one place. */
export interface Timing {
  /** A partition or relay whose owner was silent for so long belongs to whoever takes it. Renewed at a third of it. */
  readonly leaseMs: number;
  /** How late the relay may notice a commit of another process when the notification was lost. */
  readonly relayPollMs: number;
  /** How late a deadline fires, and a task starts when its notification was lost. */
  readonly agendaPollMs: number;
  readonly heldPollMs: number;
  /** A task or deadline whose worker was silent for so long is given to another. Renewed at a third of it. */
  readonly taskLeaseMs: number;
  /** Without a database for so long, consumers close their channels until it answers again. */
  readonly databaseAwayMs: number;
  /** A try that failed waits a random part of `retryMs`, then of twice as much, up to `retryMaxMs`: full jitter. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** Pauses of a consumer whose messages all fail alike. */
  readonly brakeMs: number;
  readonly brakeMaxMs: number;
  /** For so long at most what nobody waits for is kept back until something else is decided. */
  readonly companyMs: number;
  readonly maintenanceMs: number;
  /** How often gauges that need SQL are brought up to date. */
  readonly metricsMs: number;
}

export const defaultTiming: Timing = {
  leaseMs: 5000,
  relayPollMs: 1000,
  agendaPollMs: 1000,
  heldPollMs: 1000,
  taskLeaseMs: 30_000,
  databaseAwayMs: 60_000,
  retryMs: 100,
  retryMaxMs: 10_000,
  brakeMs: 1000,
  brakeMaxMs: 60_000,
  companyMs: 50,
  maintenanceMs: 60_000,
  metricsMs: 5000,
};

/** For the plumbing's own work: never gives up. */
export function endlessRetry({ retryMs, retryMaxMs }: Timing): RetryPolicy {
  return { attemptsMax: Infinity, firstDelayMs: retryMs, factor: 2, delayMaxMs: retryMaxMs };
}

/** For tasks that are to be done again. */
export const taskRetry: RetryPolicy = { attemptsMax: Infinity, firstDelayMs: 500, factor: 2, delayMaxMs: 60_000 };
