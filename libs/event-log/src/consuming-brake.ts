import { setTimeout as sleep } from 'node:timers/promises';
import { Gauge, type Logger, type Registry } from '@quadrille/observability';

import { whenAborted } from './pause.js';
import { retryDelayMs, type RetryPolicy } from './retry-policy.js';

const keysMin = 20;
const keysMax = 50;
const alikeShare = 0.8;

export interface ConsumingBrakeOptions {
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  readonly registry: Registry;
}

/**
 * Stops consuming when most keys fail alike: such a fault is in the service or beside it, not in the messages, and must
 * not drain whole queues into the held store. After each of its growing waits single messages find out whether it is over.
 */
export class ConsumingBrake {
  /** The last distinct keys, the newest last, with the code of their failure. */
  private readonly keys = new Map<string, string | undefined>();
  private readonly gauge: Gauge;
  private pauses = 0;
  private waiting: Promise<void> | undefined;
  private braking = false;

  constructor(private readonly options: ConsumingBrakeOptions) {
    this.gauge = new Gauge({
      name: 'quadrille_consuming_paused',
      help: '1 while consuming pauses because most keys fail alike.',
      registers: [options.registry],
    });
  }

  /** While it is on, handle one message at a time. */
  get on(): boolean {
    return this.braking;
  }

  /** Resolves when a message may be handled, or when `signal` aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    while (this.waiting && !signal.aborted) await Promise.race([this.waiting, whenAborted(signal)]);
  }

  /** `code` is undefined for a message that was handled. */
  record(key: string, code: string | undefined): void {
    if (this.braking) return this.judge(code);
    this.keys.delete(key);
    this.keys.set(key, code);
    const oldest = this.keys.keys().next();
    if (this.keys.size > keysMax && !oldest.done) this.keys.delete(oldest.value);
    if (this.keys.size < keysMin) return;
    if (code !== undefined && this.shareOf(code) >= alikeShare) this.pull(code);
    else if (code === undefined) this.pauses = 0;
  }

  private shareOf(code: string): number {
    return [...this.keys.values()].filter((other) => other === code).length / this.keys.size;
  }

  /** Messages that were already on their way when the brake was pulled say nothing new. */
  private judge(code: string | undefined): void {
    if (this.waiting) return;
    if (code !== undefined) return this.pull(code);
    this.braking = false;
    this.keys.clear();
    this.gauge.set(0);
    this.options.logger.info({}, 'consuming goes on');
  }

  private pull(code: string): void {
    this.braking = true;
    this.gauge.set(1);
    this.pauses += 1;
    const { retry, logger } = this.options;
    // Half the wait is certain, so that pauses grow in fact and not only on average.
    const longestMs = Math.min(retry.delayMaxMs, retry.firstDelayMs * retry.factor ** (this.pauses - 1));
    const delayMs = (longestMs + retryDelayMs(retry, this.pauses)) / 2;
    logger.error({ code, delayMs }, 'most keys fail alike: consuming pauses. The fault is here, not in the messages');
    this.waiting = sleep(delayMs, undefined, { ref: false }).then(() => {
      this.waiting = undefined;
    });
  }
}
