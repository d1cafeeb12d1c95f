import type { DataSource } from 'typeorm';
import { rows } from './sql.js';

/** The right to be the one active relay of a service, and the checkpoint that only its holder moves. */
export class RelayLease {
  private epoch: string | undefined;
  private renewedAt = 0;
  private pausing = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly owner: string,
    private readonly leaseMs: number,
  ) {}

  /** False as soon as somebody else may be active: by this machine's monotonic clock, so that a thawed owner knows at once. */
  get held(): boolean {
    return this.epoch !== undefined && performance.now() - this.renewedAt < this.leaseMs;
  }

  /** True when the relays were told to pause after this one became active. */
  get isToPause(): boolean {
    return this.pausing;
  }

  /** Takes the lease when it is free or expired and relays are not paused. Answers with the checkpoint to go on from. */
  async acquire(): Promise<number | undefined> {
    const askedAt = performance.now();
    const [taken] = await rows<{ epoch: string; position: string }>(
      this.dataSource,
      `update relay set owner = $1, epoch = epoch + 1, expires_at = clock_timestamp() + $2 * interval '1 millisecond'
       where name = 'relay' and not paused and (owner is null or owner = $1 or expires_at < clock_timestamp())
       returning epoch, position`,
      [this.owner, this.leaseMs],
    );
    if (!taken) return undefined;
    this.epoch = taken.epoch;
    this.renewedAt = askedAt;
    this.pausing = false;
    return Number(taken.position);
  }

  /** Extends the lease and moves the checkpoint, never backwards. False when the lease is somebody else's: nothing has moved. */
  async renew(checkpoint: number): Promise<boolean> {
    const askedAt = performance.now();
    const [renewed] = await rows<{ paused: boolean }>(
      this.dataSource,
      `update relay set position = greatest(position, $3), expires_at = clock_timestamp() + $4 * interval '1 millisecond'
       where name = 'relay' and owner = $1 and epoch = $2 returning paused`,
      [this.owner, this.epoch, checkpoint, this.leaseMs],
    );
    if (!renewed) {
      this.epoch = undefined;
      return false;
    }
    this.renewedAt = askedAt;
    this.pausing = renewed.paused;
    return true;
  }

  async release(): Promise<void> {
    await rows(
      this.dataSource,
      `update relay set owner = null, expires_at = null where name = 'relay' and owner = $1 and epoch = $2`,
      [this.owner, this.epoch],
    );
    this.epoch = undefined;
  }
}
