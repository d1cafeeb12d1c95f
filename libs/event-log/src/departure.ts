interface Waiting {
  readonly departed: Promise<void>;
  readonly depart: () => void;
}

/** Where those wait who can: until somebody comes who cannot, or until the first of them has waited for long enough. */
export class Departure {
  private waiting: Waiting | undefined;

  constructor(private readonly waitMaxMs: number) {}

  /** Resolves at the next departure, which is the same one for all who wait. */
  next(): Promise<void> {
    this.waiting ??= this.open();
    return this.waiting.departed;
  }

  depart(): void {
    this.waiting?.depart();
    this.waiting = undefined;
  }

  private open(): Waiting {
    let resolve: () => void = () => undefined;
    const departed = new Promise<void>((resolved) => (resolve = resolved));
    const timer = setTimeout(() => this.depart(), this.waitMaxMs).unref();
    const depart = () => {
      clearTimeout(timer);
      resolve();
    };
    return { departed, depart };
  }
}
