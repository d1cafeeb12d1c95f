import { setTimeout as delay } from 'node:timers/promises';

/** So many turns a second at most, evenly; without a number as fast as they are asked for. */
export class Pace {
  private nextAt = 0;

  constructor(private readonly perSecond: number | undefined) {}

  async turn(): Promise<void> {
    if (this.perSecond === undefined) return;
    const waitMs = this.nextAt - performance.now();
    this.nextAt = Math.max(this.nextAt, performance.now()) + 1_000 / this.perSecond;
    if (waitMs > 0) await delay(waitMs);
  }
}
