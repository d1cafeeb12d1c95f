import { buildEvent, type Fact, type PublicEvent } from '@quadrille/contracts';
import { Counter, failpoint, Gauge, type Logger, type Registry } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import type { LogSignal } from './log-signal.js';
import { logColumns, loggedEvent, type LoggedEvent, type LogRow } from './log.js';
import { Loop } from './loop.js';
import type { AnyParticipant } from './participant.js';
import { pause } from './pause.js';
import type { EventPublisher } from './publisher.js';
import { RelayLanes } from './relay-lanes.js';
import { RelayLease } from './relay-lease.js';
import { RelayWindow } from './relay-window.js';
import { rows } from './sql.js';
import { subjectOf } from './stream-subject.js';
import { endlessRetry, type Timing } from './timing.js';

export interface RelayOptions {
  readonly dataSource: DataSource;
  readonly participant: AnyParticipant;
  readonly replicaId: string;
  readonly publisher: EventPublisher;
  readonly signal: LogSignal;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly timing: Timing;
  /** Bounds of one term, smaller in tests. */
  readonly limits?: Partial<RelayLimits>;
}

export interface RelayLimits {
  readonly readMax: number;
  readonly inFlightMax: number;
  /** Rows that are read and wait: bounds memory. */
  readonly pendingMax: number;
  /** Rows between the checkpoint and the newest one read: how far others may run ahead of a subject that stands still. */
  readonly spanMax: number;
}

const defaultLimits: RelayLimits = { readMax: 500, inFlightMax: 500, pendingMax: 5000, spanMax: 200_000 };
/** The checkpoint is written at most so often, however fast confirms come. */
const checkpointGapMs = 250;
/**
 * And it takes a tenth of the time at most. Each writing leaves a dead version of the row, which stays while anybody holds an
 * older snapshot and is walked over by the next: under a transaction of hours the relay becomes slower to note, not to publish.
 */
const checkpointGapFactor = 10;

/** The wait after a checkpoint; never so long that the lease, which is renewed with it, could be missed. */
export function checkpointPauseMs(tookMs: number, leaseMs: number): number {
  return Math.min(Math.max(checkpointGapMs, tookMs * checkpointGapFactor), leaseMs / 3);
}

/** What one relay knows while it is active, from the taking of the lease to its end. */
interface Term {
  readonly window: RelayWindow;
  readonly lanes: RelayLanes;
  /** The last position that was read. */
  cursor: number;
  /** The last checkpoint that was written. */
  written: number;
  renewedAt: number;
  /** Reading waits until something is settled. */
  full: boolean;
  /** Relays are paused. */
  resting?: 'draining' | 'drained';
}

/**
 * Sends what the log says, from its checkpoint on. One relay of a service is active, by a lease; a standby takes over and
 * may repeat, never skip: the checkpoint moves over confirmed and silent rows only, and only by the lease's holder.
 */
export class Relay {
  private readonly lease: RelayLease;
  private readonly limits: RelayLimits;
  private readonly tenure: Loop;
  private readonly reading: Loop;
  private readonly published: Counter;
  private readonly retried: Counter<'failure'>;
  private term: Term | undefined;
  private stopping = false;

  constructor(private readonly options: RelayOptions) {
    const { dataSource, replicaId, signal, logger, timing, registry } = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.lease = new RelayLease(dataSource, replicaId, timing.leaseMs);
    this.tenure = new Loop({
      name: 'relay lease',
      pauseMs: timing.leaseMs / 3,
      logger,
      step: () => this.holdOn(),
    });
    this.reading = new Loop({ name: 'relay', pauseMs: timing.relayPollMs, logger, step: () => this.read() });
    signal.on('log', (from) => {
      if (from === 'elsewhere') this.reading.wake();
    });
    const isActive = () => this.active;
    new Gauge({
      name: 'quadrille_relay_active',
      help: '1 in the replica whose relay publishes.',
      registers: [registry],
      collect() {
        this.set(isActive() ? 1 : 0);
      },
    });
    this.published = new Counter({
      name: 'quadrille_relay_published_total',
      help: 'Log rows whose events the broker has confirmed.',
      registers: [registry],
    });
    this.retried = new Counter({
      name: 'quadrille_relay_retried_total',
      help: 'Publishes that are repeated: unconfirmed, or unbuildable because a row does not fit its contract.',
      labelNames: ['failure'],
      registers: [registry],
    });
  }

  get active(): boolean {
    return this.term !== undefined;
  }

  start(): void {
    this.tenure.start();
    this.reading.start();
  }

  /**
   * What a round of this process has committed. When it stands right behind what was read last, nothing can lie between the
   * two, and it is published without being read again; else the log is read on.
   */
  committed(events: readonly LoggedEvent[]): void {
    const { term } = this;
    if (!term || !this.mayRead(term) || !follows(term.cursor, events)) this.reading.wake();
    else for (const event of events) this.take(term, event);
  }

  /** Publishes nothing more, waits for the confirms in flight, moves the checkpoint, releases the lease. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.reading.stop();
    await this.term?.lanes.stop();
    await this.tenure.stop();
    const term = this.term;
    this.term = undefined;
    if (!term) return;
    try {
      await this.checkpoint(term);
      await this.lease.release();
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the relay lease was not released; it will expire');
    }
  }

  /** Takes the lease, or renews it together with the checkpoint. */
  private async holdOn(): Promise<void> {
    const { term } = this;
    if (term && (!this.lease.held || (term.lanes.ended && !term.resting && !this.stopping))) this.endTerm();
    if (!this.term) {
      if (this.stopping) return;
      const position = await this.lease.acquire();
      if (position !== undefined) this.beginTerm(position);
      return;
    }
    const moved = this.term.window.checkpoint > this.term.written || this.term.resting === 'drained';
    const due = performance.now() - this.term.renewedAt >= this.options.timing.leaseMs / 3;
    if (!moved && !due) return;
    const askedAt = performance.now();
    if (!(await this.checkpoint(this.term))) return this.endTerm();
    const tookMs = performance.now() - askedAt;
    // Whoever has begun to rest does so to the end: its lanes are over, and it goes on with a new term.
    if (this.lease.isToPause || this.term.resting) await this.rest(this.term);
    else await pause(checkpointPauseMs(tookMs, this.options.timing.leaseMs));
  }

  private async checkpoint(term: Term): Promise<boolean> {
    const position = term.window.checkpoint;
    const askedAt = performance.now();
    await failpoint('relay.checkpointing');
    if (!(await this.lease.renew(position))) return false;
    await failpoint('relay.checkpointed');
    term.written = position;
    term.renewedAt = askedAt;
    return true;
  }

  private beginTerm(position: number): void {
    const { publisher, timing, logger } = this.options;
    const lanes = new RelayLanes({
      publisher,
      inFlightMax: this.limits.inFlightMax,
      retry: endlessRetry(timing),
      mayPublish: () => this.lease.held,
      onPublished: (announcement) => {
        this.published.inc();
        this.settle(term, announcement.position);
      },
      onRetry: (failure) => this.retried.inc({ failure }),
      logger,
    });
    const window = new RelayWindow(position);
    const renewedAt = performance.now();
    const term: Term = { window, lanes, cursor: position, written: position, renewedAt, full: false };
    this.term = term;
    logger.info({ position }, 'this relay is active');
    this.reading.wake();
  }

  /** Relays are paused: publishes nothing more, and gives the lease up when the confirms in flight have come. */
  private async rest(term: Term): Promise<void> {
    if (term.resting === 'drained') {
      await this.lease.release();
      this.term = undefined;
    } else if (!term.resting) {
      this.options.logger.info({}, 'relays are paused; the log absorbs');
      term.resting = 'draining';
      void term.lanes.stop().then(() => {
        term.resting = 'drained';
        this.tenure.wake();
      });
    }
  }

  private endTerm(): void {
    this.options.logger.warn({}, 'this relay is not active any more');
    void this.term?.lanes.stop();
    this.term = undefined;
    this.tenure.wake();
  }

  /** Reads on. Positions are commit order, so a row that is not there yet can only come behind those that are. */
  private async read(): Promise<boolean> {
    const { term } = this;
    if (!term || !this.mayRead(term)) return false;
    const found = await rows<LogRow>(
      this.options.dataSource,
      `select ${logColumns} from log where position > $1 order by position limit $2`,
      [term.cursor, this.limits.readMax],
    );
    // A round of this process may have been quicker.
    for (const row of found) if (Number(row.position) > term.cursor) this.take(term, loggedEvent(row));
    return found.length === this.limits.readMax;
  }

  private mayRead(term: Term): boolean {
    if (term.resting || !this.lease.held) return false;
    term.full = this.isFull(term);
    return !term.full;
  }

  private take(term: Term, logged: LoggedEvent): void {
    const { position, stream } = logged;
    term.cursor = position;
    term.window.add(position);
    if (this.options.participant.choreography.publishes[logged.event.type] === null) this.settle(term, position);
    else term.lanes.enqueue({ lane: subjectOf(stream), position, build: () => this.announce(logged) });
  }

  private announce({ id, version, event, recordedAt, cause }: LoggedEvent): PublicEvent[] {
    const { name, choreography } = this.options.participant;
    const announce = choreography.publishes[event.type];
    if (!announce) throw new Error(`${name} does not say what ${event.type} is in public`);
    const facts: Fact | readonly Fact[] = announce(event);
    return [facts].flat().map((fact) => buildEvent(name, fact, { ...cause, id, time: recordedAt, sequence: version }));
  }

  private settle(term: Term, position: number): void {
    if (term.window.settle(position)) this.tenure.wake();
    if (!term.full || this.isFull(term)) return;
    term.full = false;
    this.reading.wake();
  }

  private isFull({ lanes, window }: Term): boolean {
    return lanes.pending >= this.limits.pendingMax || window.span >= this.limits.spanMax;
  }
}

/** Positions are drawn under the log's lock, so that there is none between two that are next to each other. */
function follows(cursor: number, events: readonly LoggedEvent[]): boolean {
  return events.every(({ position }, place) => position === cursor + 1 + place);
}
