/** The rows that were read and are not yet behind the checkpoint. The checkpoint is the end of the settled prefix. */
export class RelayWindow {
  private readonly settled = new Set<number>();
  private open: number[] = [];
  private head = 0;

  constructor(private position: number) {}

  get checkpoint(): number {
    return this.position;
  }

  /** How many rows stand between the checkpoint and the newest row that was read. */
  get span(): number {
    return this.open.length - this.head;
  }

  /** Positions come in rising order. */
  add(position: number): void {
    this.open.push(position);
  }

  /** The row is published, or has nothing to publish. True when the checkpoint moved. */
  settle(position: number): boolean {
    this.settled.add(position);
    const before = this.position;
    for (
      let next = this.open[this.head];
      next !== undefined && this.settled.delete(next);
      next = this.open[this.head]
    ) {
      this.position = next;
      this.head += 1;
    }
    if (this.head > 1000 && this.head * 2 > this.open.length) {
      this.open = this.open.slice(this.head);
      this.head = 0;
    }
    return this.position > before;
  }
}
