import { LeaseLost } from './faults.js';
import type { Failure } from './held-store.js';
import type { Round } from './round.js';
import type { DeliveryItem, Lease, Outcome, RoundItem } from './round-types.js';

interface Typed {
  readonly type: string;
}

export interface CallOptions {
  /** Of the partition that the items are of. */
  readonly lease?: Lease | undefined;
  /** Shares its round with nobody: what is in it may end the process. */
  readonly alone?: boolean | undefined;
}

interface Waiting<Command, State> extends CallOptions {
  readonly items: readonly RoundItem<Command, State>[];
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One round at a time for a whole replica. What comes while one is under way shares the next, from whichever partition,
 * client or deadline it comes: a round costs its statements and its commit however much is in it, and commits stand in line
 * for the log's lock anyway. A quiet replica commits at once, a busy one in large rounds.
 */
export class GroupCommit<Command extends Typed, State, Event extends Typed> {
  private readonly waiting: Waiting<Command, State>[] = [];
  private busy = false;

  private readonly itemsMax: number;

  constructor(
    private readonly round: Round<Command, State, Event>,
    /** Of one round; callers whose items would be more wait for the next. */
    { itemsMax = 200 }: { readonly itemsMax?: number | undefined } = {},
  ) {
    this.itemsMax = itemsMax;
  }

  /**
   * As `Round.run`: callers come in their order, and each gets the outcomes of its own items. It rejects with `LeaseLost` only
   * when the caller's own lease is lost.
   */
  run(items: readonly RoundItem<Command, State>[], options: CallOptions = {}): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...options, items, resolve, reject });
      if (!this.busy) void this.workOff();
    });
  }

  /** As `Round.hold`, and at once. */
  hold(
    item: DeliveryItem,
    failure: Failure,
    { lease, ...options }: CallOptions & { readonly dead: boolean; readonly attempts: number },
  ): Promise<Outcome> {
    return this.round.hold(item, failure, { ...options, leases: lease ? [lease] : [] });
  }

  private async workOff(): Promise<void> {
    this.busy = true;
    // After the I/O of this turn of the event loop, so that what arrives together is together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) await this.commit(this.takeGroup());
    this.busy = false;
  }

  private takeGroup(): Waiting<Command, State>[] {
    let size = 0;
    const end = this.waiting.findIndex(({ items, alone }, place) => {
      size += items.length;
      return place > 0 && (alone || this.waiting[0]?.alone || size > this.itemsMax);
    });
    return this.waiting.splice(0, end < 0 ? this.waiting.length : end);
  }

  private async commit(group: readonly Waiting<Command, State>[]): Promise<void> {
    try {
      const leases = group.flatMap(({ lease }) => lease ?? []);
      const outcomes = await this.round.run(
        group.flatMap(({ items }) => items),
        { leases },
      );
      let place = 0;
      for (const { items, resolve } of group) resolve(outcomes.slice(place, (place += items.length)));
    } catch (error) {
      const others = group.filter(({ lease, reject }) => {
        const isOthers = error instanceof LeaseLost && !(lease && error.partitions.includes(lease.partition));
        if (!isOthers) reject(error);
        return isOthers;
      });
      // Nothing of theirs is stored, or giving it again is safe: so a round promises.
      this.waiting.unshift(...others);
    }
  }
}

/** Rounds whose types their user need not know. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the loops pass commands, states and events through unread
export type AnyGroupCommit = GroupCommit<any, any, any>;
