import type { PublicEvent } from '@quadrille/contracts';
import { beginStep, failpoint, type Logger } from '@quadrille/observability';
import { pause } from './pause.js';
import { reachedNoQueue, type EventPublisher } from './publisher.js';
import { retryDelayMs, type RetryPolicy } from './retry-policy.js';

/** One log row's way to the wire. */
export interface Announcement {
  /** What must not overtake what: the id in the stream's name, which is the subject. */
  readonly lane: string;
  readonly position: number;
  /** Builds all copies. Throws when the row cannot be announced. */
  readonly build: () => readonly PublicEvent[];
}

export interface RelayLanesOptions {
  readonly publisher: EventPublisher;
  /** Unconfirmed events of all lanes together. */
  readonly inFlightMax: number;
  readonly retry: RetryPolicy;
  /** Asked before each publish: false ends the lanes, and they never start again. */
  readonly mayPublish: () => boolean;
  readonly onPublished: (announcement: Announcement) => void;
  readonly onRetry: (failure: 'unbuildable' | 'unconfirmed') => void;
  readonly logger: Logger;
}

/**
 * Publishes many events at a time and at most one per lane. A rejection means unknown: that lane alone waits, with full
 * jitter, and sends the same event again; the others go on.
 */
export class RelayLanes {
  private readonly lanes = new Map<string, { queue: Announcement[]; running: Promise<void> }>();
  private readonly stopped = new AbortController();
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;
  private queued = 0;

  constructor(private readonly options: RelayLanesOptions) {}

  /** How many announcements wait or are on their way. */
  get pending(): number {
    return this.queued;
  }

  get ended(): boolean {
    return this.stopped.signal.aborted;
  }

  enqueue(announcement: Announcement): void {
    this.queued += 1;
    const lane = this.lanes.get(announcement.lane);
    if (lane) {
      lane.queue.push(announcement);
      return;
    }
    const queue = [announcement];
    this.lanes.set(announcement.lane, { queue, running: this.run(announcement.lane, queue) });
  }

  /** Starts nothing more, and resolves when what is in flight is confirmed or rejected. */
  async stop(): Promise<void> {
    this.end();
    await Promise.all([...this.lanes.values()].map(({ running }) => running));
  }

  private end(): void {
    this.stopped.abort();
    for (const resume of this.waiting.splice(0)) resume();
  }

  private async run(name: string, queue: Announcement[]): Promise<void> {
    // The lane is registered before it runs.
    await Promise.resolve();
    for (let next = queue[0]; next; next = queue[0]) {
      if (!(await this.announce(next))) return;
      queue.shift();
      this.queued -= 1;
      this.options.onPublished(next);
    }
    this.lanes.delete(name);
  }

  /** True when every copy is confirmed or has no reader; false when the lanes ended before. */
  private async announce(announcement: Announcement): Promise<boolean> {
    const { retry, onRetry, logger } = this.options;
    for (let failures = 1; ; failures++) {
      let events: readonly PublicEvent[] | undefined;
      try {
        events = announcement.build();
        return await this.publishVersions(events);
      } catch (error) {
        const { lane, position } = announcement;
        if (events) logger.warn({ err: error, lane, position }, 'a publish is unknown and will be repeated');
        else logger.error({ err: error, lane, position }, 'a log row cannot be announced: its subject stands still');
        onRetry(events ? 'unconfirmed' : 'unbuildable');
      }
      await pause(retryDelayMs(retry, failures), this.stopped.signal);
      if (this.ended) return false;
    }
  }

  /**
   * The versions of one fact. It has been said when a queue took one of them: an old version may have no reader any more, and
   * a new one none yet.
   */
  private async publishVersions(events: readonly PublicEvent[]): Promise<boolean> {
    let unheard: unknown;
    let heard = events.length === 0;
    for (const event of events)
      try {
        if (!(await this.publish(event))) return false;
        heard = true;
      } catch (error) {
        if (!reachedNoQueue(error)) throw error;
        unheard = error;
      }
    if (!heard) throw unheard;
    return true;
  }

  private async publish(event: PublicEvent): Promise<boolean> {
    while (this.inFlight >= this.options.inFlightMax && !this.ended)
      await new Promise<void>((resume) => this.waiting.push(resume));
    if (!this.ended && !this.options.mayPublish()) this.end();
    if (this.ended) return false;
    this.inFlight += 1;
    const { traceparent, type, id } = event;
    const attributes = { 'messaging.system': 'rabbitmq', 'messaging.message.id': id };
    const step = beginStep(`publish ${type}`, { traceparent, kind: 'producer', attributes });
    try {
      await failpoint('relay.publishing');
      await this.options.publisher.publish(event);
      await failpoint('relay.published');
      step?.end();
      return true;
    } catch (error) {
      step?.end({ error });
      throw error;
    } finally {
      this.inFlight -= 1;
      this.waiting.shift()?.();
    }
  }
}
