interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result | Promise<Result>) => void;
  readonly reject: (error: unknown) => void;
}

/** How many of those that wait, the first included, make up the next batch. */
export type BatchSize<Item> = (waiting: readonly Item[]) => number;

/** Waiting for company between two batches. */
export interface Linger<Item> {
  /** How long the next batch waits after this one, which took `tookMs`. Below a millisecond it does not wait. */
  readonly afterMs: (batch: readonly Item[], tookMs: number) => number;
  /** Enough wait: no more is waited for. */
  readonly isFull: (waiting: readonly Item[]) => boolean;
}

/**
 * What comes while a batch is under way, and while the next one lingers, shares the next one: under load few large batches, in
 * quiet times each at once. `work` answers in the order of its items, each with a result or a promise of its own. When it
 * rejects, so does every item.
 */
export class Gathered<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private busy = false;
  /** While the next batch lingers: ends that when enough wait. */
  private meet: (() => void) | undefined;

  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly (Result | Promise<Result>)[]>,
    private readonly batchSize: BatchSize<Item> = () => 100,
    private readonly linger?: Linger<Item>,
  ) {}

  run(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.busy) void this.workOff();
      else this.meet?.();
    });
  }

  private async workOff(): Promise<void> {
    this.busy = true;
    // After the I/O of this turn of the event loop, so that what arrives together is together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.batchSize(this.itemsWaiting()));
      const startedAt = performance.now();
      await this.workOn(batch);
      if (this.linger) await this.lingerAfter(batch, performance.now() - startedAt, this.linger);
    }
    this.busy = false;
  }

  private async lingerAfter(
    batch: readonly Waiting<Item, Result>[],
    tookMs: number,
    { afterMs, isFull }: Linger<Item>,
  ): Promise<void> {
    const lingerMs = afterMs(
      batch.map(({ item }) => item),
      tookMs,
    );
    if (lingerMs < 1 || isFull(this.itemsWaiting())) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lingerMs);
      this.meet = () => {
        if (!isFull(this.itemsWaiting())) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.meet = undefined;
  }

  private itemsWaiting(): Item[] {
    return this.waiting.map(({ item }) => item);
  }

  private async workOn(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.work(batch.map(({ item }) => item));
      for (const [place, { resolve }] of batch.entries()) resolve(results[place] as Result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
