import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Unanswered, unavailable } from '../stripe-api/errors.js';

const rate = z.number().min(0).max(1);

export const faultSettings = z.strictObject({
  /** Every call waits this long before anything happens; two numbers are a range. */
  latencyMs: z.union([z.int().min(0).max(600_000), z.tuple([z.int().min(0), z.int().max(600_000)])]).default(0),
  /** The share of calls that are answered 503 before anything happens. */
  errorRate: rate.default(0),
  /** The share of calls whose connection is reset after everything happened. */
  loseAnswerRate: rate.default(0),
  /** Every connection is reset before anything happens. */
  down: z.boolean().default(false),
  webhooks: z.enum(['on', 'off', 'late', 'double']).default('on'),
});
export type FaultSettings = z.infer<typeof faultSettings>;

/** How the whole provider misbehaves at present. A restart ends it. */
export class Faults {
  private settings: FaultSettings = faultSettings.parse({});

  current(): FaultSettings {
    return this.settings;
  }

  set(settings: FaultSettings): void {
    this.settings = settings;
  }

  clear(): void {
    this.settings = faultSettings.parse({});
  }

  async beforeWork(): Promise<void> {
    const { latencyMs, errorRate, down } = this.settings;
    if (down) throw new Unanswered('reset');
    const [leastMs, mostMs] = typeof latencyMs === 'number' ? [latencyMs, latencyMs] : latencyMs;
    if (mostMs > 0) await wait(leastMs + Math.random() * (mostMs - leastMs));
    if (Math.random() < errorRate) throw unavailable();
  }

  beforeAnswer(): void {
    if (Math.random() < this.settings.loseAnswerRate) throw new Unanswered('reset');
  }
}
