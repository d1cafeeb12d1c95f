import { Departure } from './departure.js';
import { LeaseLost } from './faults.js';
import { Gathered } from './gathered.js';
import type { Failure } from './held-store.js';
import type { Round } from './round.js';
import type { DeliveryItem, Lease, Outcome, RoundItem } from './round-types.js';
import { defaultTiming } from './timing.js';

export interface CallOptions {
  /** Of the partition that the items are of. */
  readonly lease?: Lease | undefined;
  /** Shares its round with nobody: what is in it may end the process. */
  readonly alone?: boolean | undefined;
  /** Asked when the round is over: how many of the items nobody waits for, which make no round a busy one. */
  readonly deferrable?: (() => number) | undefined;
  /** Asked when the round begins: what has come since and goes behind the items, at most so many. */
  readonly more?: ((max: number) => readonly DeliveryItem[]) | undefined;
}

/** Whoever wants something decided sees no more of the rounds than this. The loops pass commands and states through unread. */
export type Rounds<Command = unknown, State = never> = Pick<GroupCommit<Command, State>, 'run' | 'hold' | 'company'>;

interface Call<Command, State> extends CallOptions {
  items: readonly RoundItem<Command, State>[];
}

export interface GroupCommitOptions {
  /** Of one round; callers whose items would be more wait for the next. */
  readonly itemsMax?: number | undefined;
  /** Whether everybody on this machine waits for a processor. */
  readonly isMachineFull?: (() => boolean) | undefined;
  /** How long `company` keeps somebody waiting. */
  readonly companyMs?: number | undefined;
}

/** Longer rests than so many times what a round took save little more. */
const restTimesMax = 5;
/** Of a round that took longer no more counts: a rest has an end. */
const tookMaxMs = 35;

/**
 * One round at a time for a whole replica. What comes while one is under way shares the next, from whichever partition,
 * client or deadline it comes: a round costs its statements and its commit however much is in it, and commits stand in line
 * for the log's lock anyway. A quiet replica commits at once; a busy one rests after a round, the longer the more was in it and the
 * longer it took, so that the next is fuller. Where rounds are slow because the machine is busy, this saves work and costs little time.
 */
export class GroupCommit<Command, State> {
  private readonly calls: Gathered<Call<Command, State>, Outcome[]>;
  private readonly departure: Departure;

  constructor(
    private readonly round: {
      run(
        items: readonly RoundItem<Command, State>[],
        options: { readonly leases: readonly Lease[] },
      ): Promise<Outcome[]>;
      hold: Round<never, never, never>['hold'];
    },
    { itemsMax = 200, isMachineFull = () => false, companyMs = defaultTiming.companyMs }: GroupCommitOptions = {},
  ) {
    this.departure = new Departure(companyMs);
    this.calls = new Gathered(
      (calls) => {
        fill(calls, itemsMax);
        return this.commit(calls);
      },
      (waiting) => callsTogether(waiting, itemsMax),
      {
        afterMs: (calls, tookMs) => Math.min(tookMs, tookMaxMs) * restTimes(calls, isMachineFull()),
        // Half a round is company enough: beyond that a round's own costs hardly count.
        isFull: (waiting) => itemsOf(waiting) >= itemsMax / 2,
      },
    );
  }

  /**
   * As `Round.run`: callers come in their order, and each gets the outcomes of its own items. It rejects with `LeaseLost` only
   * when the caller's own lease is lost.
   */
  run(items: readonly RoundItem<Command, State>[], options: CallOptions = {}): Promise<Outcome[]> {
    this.departure.depart();
    return this.calls.run({ ...options, items });
  }

  /**
   * For whoever wants something decided that can wait: resolves when somebody wants something that cannot, mostly in time for
   * the same round, or after a moment.
   */
  company(): Promise<void> {
    return this.departure.next();
  }

  /** As `Round.hold`, and at once. */
  hold(
    item: DeliveryItem,
    failure: Failure,
    { lease, ...options }: CallOptions & { readonly dead: boolean; readonly attempts: number },
  ): Promise<Outcome> {
    return this.round.hold(item, failure, { ...options, leases: lease ? [lease] : [] });
  }

  private async commit(calls: readonly Call<Command, State>[]): Promise<(Outcome[] | Promise<never>)[]> {
    try {
      const leases = calls.flatMap(({ lease }) => lease ?? []);
      const outcomes = await this.round.run(
        calls.flatMap(({ items }) => items),
        { leases },
      );
      let place = 0;
      return calls.map(({ items }) => outcomes.slice(place, (place += items.length)));
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      const isLost = ({ lease }: Call<Command, State>) =>
        lease !== undefined && error.partitions.includes(lease.partition);
      // Nothing of the others is stored, or giving it again is safe: so a round promises.
      const others = (await this.commit(calls.filter((call) => !isLost(call)))).values();
      return calls.map((call) => (isLost(call) ? Promise.reject(error) : (others.next().value ?? [])));
    }
  }
}

function itemsOf(calls: readonly Call<unknown, never>[]): number {
  return calls.reduce((sum, { items }) => sum + items.length, 0);
}

/**
 * How many times as long as a round took a replica rests after it: as many as it had items that somebody waits for. Who was alone is
 * followed at once, since nobody else may come for long. Requests and a worker's answers come one by one, and are worth waiting for.
 * Messages come together, since who sent them has rested: where a round had nothing else, once is enough. On a machine that is full, as
 * it is sooner with more replicas on it, it is not: what a round costs makes everybody else's longer.
 */
function restTimes(calls: readonly Call<unknown, never>[], isMachineFull: boolean): number {
  const awaited = itemsOf(calls) - deferrableOf(calls);
  if (awaited < 2) return 0;
  const onlyMessages = calls.every(({ items }) => items.every(({ kind }) => kind === 'delivery'));
  return onlyMessages && !isMachineFull ? 1 : Math.min(awaited, restTimesMax);
}

function deferrableOf(calls: readonly Call<unknown, never>[]): number {
  return calls.reduce((sum, { deferrable }) => sum + (deferrable?.() ?? 0), 0);
}

/** Who came while these waited goes with them, and not a whole round later. */
function fill(calls: readonly Call<unknown, never>[], itemsMax: number): void {
  for (const call of calls) {
    const room = itemsMax - itemsOf(calls);
    if (room > 0 && call.more) call.items = [...call.items, ...call.more(room)];
  }
}

function callsTogether(waiting: readonly Call<unknown, never>[], itemsMax: number): number {
  let items = 0;
  const end = waiting.findIndex((call, place) => {
    items += call.items.length;
    return place > 0 && (call.alone || waiting[0]?.alone || items > itemsMax);
  });
  return end < 0 ? waiting.length : end;
}
