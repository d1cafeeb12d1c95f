import type { Logger } from '@quadrille/observability';
import { LeaseLost } from './faults.js';
import type { AnyHeldMessages, HeldRow } from './held-messages.js';
import type { PartitionLeases } from './leases.js';
import { Loop } from './loop.js';

/** Keys that are tried at the same time: each is another one, so their order does not matter. */
const keysAtOnce = 8;

/** Tries held messages again when they are due: those of the partitions that this replica owns, and wake-ups of any. */
export class HeldRetryLoop {
  private readonly loop: Loop;

  constructor(
    private readonly held: AnyHeldMessages,
    private readonly leases: Pick<PartitionLeases, 'partitions' | 'leaseOf'> | undefined,
    pauseMs: number,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop({ name: 'held messages', pauseMs, logger, step: () => this.retryDue() });
  }

  start(): void {
    this.loop.start();
  }

  /** Something became due. */
  wake(): void {
    this.loop.wake();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** True when a key moved on: its next message may be due. */
  private async retryDue(): Promise<boolean> {
    const due = await this.held.due(keysAtOnce, this.leases?.partitions() ?? []);
    const ends = await Promise.allSettled(due.map((row) => this.retry(row)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return ends.some((end) => end.status === 'fulfilled' && end.value === 'handled');
  }

  private async retry(row: HeldRow): Promise<string> {
    const lease = row.partition === null ? undefined : this.leases?.leaseOf(row.partition);
    if (row.partition !== null && !lease) return 'lease lost';
    try {
      return await this.held.retry(row, { lease });
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      this.logger.debug({ id: row.id }, 'a held message is left to the new owner of its partition');
      return 'lease lost';
    }
  }
}
