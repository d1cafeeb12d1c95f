export interface CircuitBreakerOptions {
  readonly failuresInARow: number;
  /** How long nobody passes, before one finds out. */
  readonly openMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** As what somebody passed. The probe decides about all others. */
export type Passage = 'call' | 'probe';

/**
 * `closed`: everybody passes. After so many failures in a row it is `open`: nobody passes, and nobody waits for an answer
 * that will not come. After `openMs` one passes, the probe (`half-open`): its answer closes it, its failure opens it again.
 */
export class CircuitBreaker {
  private failures = 0;
  private openedAtMs: number | undefined;
  private probing = false;

  constructor(
    private readonly options: CircuitBreakerOptions,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get state(): BreakerState {
    if (this.openedAtMs === undefined) return 'closed';
    return this.probing ? 'half-open' : 'open';
  }

  /** How long it is until somebody passes, as far as is known. */
  get waitMs(): number {
    if (this.openedAtMs === undefined) return 0;
    return Math.max(0, this.openedAtMs + this.options.openMs - this.nowMs());
  }

  /** Null for who does not pass. Who passes owes `answered` or `failed`. */
  enter(): Passage | null {
    if (this.openedAtMs === undefined) return 'call';
    if (this.probing || this.waitMs > 0) return null;
    this.probing = true;
    return 'probe';
  }

  answered(passage: Passage): void {
    if (passage === 'probe') this.close();
    this.failures = 0;
  }

  /** Answers whether this opened it. */
  failed(passage: Passage): boolean {
    if (passage === 'probe') return this.open();
    // Who passed before it opened says nothing new.
    if (this.state !== 'closed') return false;
    this.failures += 1;
    return this.failures >= this.options.failuresInARow && this.open();
  }

  private open(): true {
    this.openedAtMs = this.nowMs();
    this.probing = false;
    this.failures = 0;
    return true;
  }

  private close(): void {
    this.openedAtMs = undefined;
    this.probing = false;
  }
}
