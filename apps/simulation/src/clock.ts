/** Virtual time, the same for every database. */
export class Clock {
  private ms = Date.UTC(2026, 0, 1);
  private text = '';

  now(): string {
    if (this.text === '') this.text = new Date(this.ms).toISOString();
    return this.text;
  }

  advance(byMs: number): void {
    if (byMs === 0) return;
    this.ms += byMs;
    this.text = '';
  }

  advanceTo(instant: string): void {
    this.advance(Math.max(0, Date.parse(instant) - this.ms));
  }
}
