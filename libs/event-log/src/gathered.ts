interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result | Promise<Result>) => void;
  readonly reject: (error: unknown) => void;
}

/** How many of those that wait, the first included, make up the next batch. */
export type BatchSize<Item> = (waiting: readonly Item[]) => number;

/**
 * What comes while a batch is under way shares the next one: under load few large batches, in quiet times each at once.
 * `work` answers in the order of its items, each with a result or a promise of its own. When it rejects, so does every item.
 */
export class Gathered<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private busy = false;

  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly (Result | Promise<Result>)[]>,
    private readonly batchSize: BatchSize<Item> = () => 100,
  ) {}

  run(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.busy) void this.workOff();
    });
  }

  private async workOff(): Promise<void> {
    this.busy = true;
    // After the I/O of this turn of the event loop, so that what arrives together is together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const size = this.batchSize(this.waiting.map(({ item }) => item));
      await this.workOn(this.waiting.splice(0, size));
    }
    this.busy = false;
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
