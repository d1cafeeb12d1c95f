/** Tells now and then how far a long run is, and how fast. */
export class Progress {
  private readonly startedAt = performance.now();
  private toldAt = this.startedAt;

  constructor(
    private readonly seeds: number,
    private readonly orders: number,
  ) {}

  tell(seed: number): void {
    const now = performance.now();
    if (now - this.toldAt < (process.stderr.isTTY ? 500 : 10_000)) return;
    this.toldAt = now;
    process.stderr.write(
      `${process.stderr.isTTY ? '\r' : ''}${this.summary(seed)} of ${this.seeds}${process.stderr.isTTY ? '' : '\n'}`,
    );
  }

  summary(seed: number): string {
    const seconds = (performance.now() - this.startedAt) / 1000;
    return `${seed * this.orders} orders in ${seconds.toFixed(1)} s, ${Math.round((seed * this.orders) / seconds)} orders/s, seed ${seed}`;
  }
}
