const delayMinMs = 100;
const delayMaxMs = 10_000;

/** Exponential waits with full jitter, so that everybody who lost the same broker does not come back in the same moment. */
export class Backoff {
  private failures = 0;

  nextDelayMs(): number {
    this.failures += 1;
    const ceilingMs = Math.min(delayMaxMs, delayMinMs * 2 ** this.failures);
    return delayMinMs + Math.random() * (ceilingMs - delayMinMs);
  }

  reset(): void {
    this.failures = 0;
  }
}
