export interface RetryBudgetOptions {
  /** How many retries a hundred first tries pay for. */
  readonly retryPercent: number;
  /** What the bucket holds at most, and begins with: the retries of a quiet service. */
  readonly reserve: number;
  /** Filled in by time alone, so that what waits goes on when nothing new comes. */
  readonly retriesPerSecond: number;
}

/** So many answers in a row, and the other side is well: what waits for a retry may come all at once. */
const wellAfterAnswers = 50;

/**
 * Keeps retries a small share of the load while the other side fails, so that we do not hold down what tries to get up: a
 * token bucket that first tries fill and retries empty. A first try is never refused.
 */
export class RetryBudget {
  /** Hundredths of a token: percents add up exactly. */
  private level: number;
  private filledAtMs: number;
  private answersInARow = 0;

  constructor(
    private readonly options: RetryBudgetOptions,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.level = options.reserve * 100;
    this.filledAtMs = nowMs();
  }

  firstTry(): void {
    this.fill(this.options.retryPercent);
  }

  /** Whether a retry may be made; if so, it is paid for. */
  retry(): boolean {
    if (this.answersInARow >= wellAfterAnswers) return true;
    const nowMs = this.nowMs();
    this.fill(((nowMs - this.filledAtMs) / 10) * this.options.retriesPerSecond);
    this.filledAtMs = nowMs;
    if (this.level < 100) return false;
    this.level -= 100;
    return true;
  }

  answered(): void {
    this.answersInARow += 1;
  }

  failed(): void {
    this.answersInARow = 0;
  }

  private fill(hundredths: number): void {
    this.level = Math.min(this.options.reserve * 100, this.level + hundredths);
  }
}
