import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

const committed = `select order_id::text as "orderId" from reservation where order_id = any ($1::uuid[]) and status = 'committed'`;

/**
 * Sees when reservations are committed, which is the end of a saga. It asks the database, and so costs every party the same
 * whatever it is made of; what its connection uses there is counted apart. A moment is never told early, and late by the
 * pause between two looks at most.
 */
export class CommitWatch {
  private readonly waiting = new Map<string, (atMs: number) => void>();
  private closed = false;
  private watching: Promise<void> = Promise.resolve();
  private wake: () => void = () => undefined;

  private constructor(
    private readonly client: Client,
    /** The process in the database that looks. */
    readonly backendPid: number,
    public pauseMs: number,
  ) {}

  static async open(inventoryDatabaseUrl: string, pauseMs: number): Promise<CommitWatch> {
    const client = new Client({ connectionString: inventoryDatabaseUrl });
    client.on('error', () => undefined); // The next look tells.
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const watch = new CommitWatch(client, rows[0]?.pid ?? 0, pauseMs);
    watch.watching = watch.run();
    watch.watching.catch(() => undefined); // Told by `close`.
    return watch;
  }

  /** Orders whose end nobody has seen yet. */
  get open(): number {
    return this.waiting.size;
  }

  /** Resolves with the time (`performance.now()`) at which the order's reservation was seen committed. */
  seen(orderId: string): Promise<number> {
    return new Promise((resolve) => {
      this.waiting.set(orderId, resolve);
      this.wake();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake();
    await this.watching.finally(() => this.client.end());
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      if (this.waiting.size === 0) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      const { rows } = await this.client.query<{ orderId: string }>({
        name: 'committed',
        text: committed,
        values: [[...this.waiting.keys()]],
      });
      const atMs = performance.now();
      for (const { orderId } of rows) {
        this.waiting.get(orderId)?.(atMs);
        this.waiting.delete(orderId);
      }
      await pause(this.pauseMs);
    }
  }
}
