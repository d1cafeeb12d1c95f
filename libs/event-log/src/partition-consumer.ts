import { failpoint, type Histogram, type Logger } from '@quadrille/observability';
import type { ConsumingBrake } from './consuming-brake.js';
import type { MessageStream } from './deliveries.js';
import type { DeliveryAttempts } from './delivery-attempts.js';
import { LeaseLost, RoundUnavailable } from './faults.js';
import { Intake, type Taken } from './intake.js';
import { pause, whenAborted } from './pause.js';
import { retryDelayMs } from './retry-policy.js';
import type { Rounds } from './group-commit.js';
import type { DeliveryItem, Lease, Outcome } from './round-types.js';
import { endlessRetry, type Timing } from './timing.js';

export interface PartitionConsumerOptions {
  readonly rounds: Rounds;
  /** Types of events that nobody waits for. */
  readonly deferrable: ReadonlySet<string>;
  readonly openStream: (partition: number) => Promise<MessageStream>;
  readonly attempts: DeliveryAttempts;
  readonly brake: ConsumingBrake;
  readonly databaseAnswers: () => Promise<void>;
  readonly onLeaseLost: (lease: Lease) => void;
  /** Undefined when the database is there, else since when (`performance.now()`) it is not. */
  readonly onDatabaseAway: (since: number | undefined) => void;
  readonly batchSize: Histogram;
  readonly logger: Logger;
  readonly timing: Timing;
}

/** As many messages as one round takes. A consumer begins with few, doubles while all goes well, and goes back when something fails. */
const batchMax = 200;
const batchMin = 25;
/** From the third delivery on a message is handled alone: whoever ends the process is among those that come again. */
const deliveriesTogether = 2;
/** Attempts that ended the process before a message is held without asking the decider. */
const attemptsMax = 3;

/**
 * Works on one leased partition: take what waits, run the round, acknowledge after the commit. Without a database it
 * keeps what it took; without its lease it drops everything unacknowledged.
 */
export class PartitionConsumer {
  private readonly stopped = new AbortController();
  private readonly logger: Logger;
  private stream: MessageStream | undefined;
  private handling: Promise<void> = Promise.resolve();
  private running: Promise<void> = Promise.resolve();
  private awaySince: number | undefined;
  private batchSize = batchMin;

  constructor(
    readonly lease: Lease,
    private readonly options: PartitionConsumerOptions,
  ) {
    this.logger = options.logger.child({ partition: lease.partition, epoch: lease.epoch });
  }

  start(): void {
    this.running = this.run();
  }

  /** Begins no round, lets the running one end and acknowledge, then closes the channel. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.handling.catch(() => undefined);
    await this.closeStream();
    await this.running;
  }

  /** Closes the channel at once: what is running will not commit. */
  async drop(): Promise<void> {
    this.stopped.abort();
    await this.closeStream();
    await this.running;
  }

  private get stopping(): boolean {
    return this.stopped.signal.aborted;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        this.stream = await this.openStream();
        if (this.stream) await this.consume(this.stream, () => (failures = 0));
      } catch (error) {
        if (error instanceof LeaseLost) {
          this.logger.warn({}, 'the lease is lost: this partition is dropped without an acknowledgement');
          this.stopped.abort();
          this.options.onLeaseLost(this.lease);
        } else if (error instanceof RoundUnavailable) {
          if (!this.stopping)
            this.logger.error({ err: error }, 'the database is away: the channel is closed until it answers');
        } else this.logger.warn({ err: error }, 'the partition stream failed and is opened again');
      }
      await this.closeStream();
      if (!this.stopping) await pause(this.retryDelayMs(++failures), this.stopped.signal);
      await this.databaseBack();
    }
    // Whether it is, this consumer does not find out any more: a lost lease, say, is what the database itself has told.
    this.databaseAway(false);
  }

  /** Opening may last as long as the broker is away, and a stop does not wait for it. */
  private async openStream(): Promise<MessageStream | undefined> {
    const opening = this.options.openStream(this.lease.partition);
    const stream = await Promise.race([opening, whenAborted(this.stopped.signal)]);
    if (!stream) void opening.then((late) => late.close()).catch((error: unknown) => this.noteUnclean(error));
    return stream;
  }

  private async consume(stream: MessageStream, onProgress: () => void): Promise<void> {
    const { brake, deferrable, rounds } = this.options;
    const company = () => rounds.company();
    const intake = new Intake({ stream, partition: this.lease.partition, deferrable, company });
    while (!this.stopping) {
      await brake.ready(this.stopped.signal);
      if (this.stopping) return;
      const taken = await intake.take(brake.on ? 1 : this.batchSize);
      // An empty list: the stream is closed.
      if (this.stopping || taken.length === 0) return;
      this.handling = this.handle(stream, intake, taken);
      await this.handling;
      onProgress();
    }
  }

  /** Handles messages in their order: together where nothing speaks against it. */
  private async handle(stream: MessageStream, intake: Intake, taken: readonly Taken[]): Promise<void> {
    let together: TakenDelivery[] = [];
    for (const one of taken) {
      if (sharesRounds(one)) {
        together.push(one);
        continue;
      }
      await this.handleTogether(stream, together);
      together = [];
      if (one.item.kind === 'garbage') {
        this.logger.warn({ reason: one.item.reason }, 'a message without a usable envelope is set aside');
        await stream.setAside(one.message, one.item.reason);
      } else await this.handleAlone(stream, { ...one, item: one.item });
    }
    await this.handleTogether(stream, together, intake);
  }

  /** What the intake has when their round begins joins them: left to the next batch it would wait for a whole round more. */
  private async handleTogether(stream: MessageStream, taken: TakenDelivery[], intake?: Intake): Promise<void> {
    if (taken.length === 0) return;
    if (this.stopping) return;
    const { rounds, brake, batchSize } = this.options;
    const deferrable = () => taken.filter(({ canWait }) => canWait).length;
    const more = (max: number) => {
      if (!intake || brake.on || this.stopping) return [];
      const joining = intake.takeReady(Math.min(max, this.batchSize - taken.length), sharesRounds);
      taken.push(...joining);
      return joining.map(({ item }) => item);
    };
    await this.settle(stream, taken, (items) => rounds.run(items, { lease: this.lease, deferrable, more }));
    batchSize.observe(taken.length);
  }

  /** The attempt is committed before it is made, and forgotten whenever it ends in any way but the end of the process. */
  private async handleAlone(stream: MessageStream, taken: TakenDelivery): Promise<void> {
    if (this.stopping) return;
    const { attempts, rounds } = this.options;
    const { messageId } = taken.item;
    const attempt = await this.patiently(() => attempts.begin(messageId));
    const failure = { code: 'crashed', reason: `handling it ended the process ${attempt - 1} times` };
    try {
      await this.settle(stream, [taken], async (items) =>
        attempt > attemptsMax
          ? [await rounds.hold(taken.item, failure, { lease: this.lease, dead: true, attempts: attempt - 1 })]
          : rounds.run(items, { lease: this.lease, alone: true }),
      );
    } finally {
      await attempts.end(messageId).catch((error: unknown) => {
        this.logger.warn({ err: error, messageId }, 'an attempt stays counted that did not crash');
      });
    }
  }

  /** Acknowledges after the commit, never before. */
  private async settle(
    stream: MessageStream,
    taken: readonly TakenDelivery[],
    commit: (items: readonly DeliveryItem[]) => Promise<readonly Outcome[]>,
  ): Promise<void> {
    await failpoint('consumer.handling');
    // Others may have joined them, and stay when it is tried again.
    const outcomes = await this.patiently(() => commit(taken.map(({ item }) => item)));
    await failpoint('consumer.handled');
    stream.acknowledge(taken.map(({ message }) => message));
    await failpoint('consumer.acknowledged');
    outcomes.forEach((outcome, at) => this.record(taken[at]?.item, outcome));
    const failed = outcomes.some((outcome) => outcome.kind === 'held');
    this.batchSize = failed ? batchMin : Math.min(batchMax, this.batchSize * 2);
  }

  private record(item: DeliveryItem | undefined, outcome: Outcome): void {
    if (!item) return;
    if (outcome.kind === 'decided') this.options.brake.record(item.key, undefined);
    else if (outcome.kind === 'held' && outcome.code !== undefined) this.options.brake.record(item.key, outcome.code);
  }

  /** Tries until it works, the lease is lost, the consumer stops, or the database was away for too long. */
  private async patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let failures = 1; ; failures++) {
      try {
        const result = await work();
        this.databaseAway(false);
        return result;
      } catch (error) {
        if (error instanceof LeaseLost) throw error;
        const since = this.databaseAway(true);
        if (this.stopping || performance.now() - since > this.options.timing.databaseAwayMs)
          throw new RoundUnavailable(error);
        this.logger.warn(
          { err: error, failures },
          'the database did not take a round; the messages are kept and tried again',
        );
      }
      await pause(this.retryDelayMs(failures), this.stopped.signal);
    }
  }

  /** With the channel closed, another replica may have the messages; this one takes up again when it can commit. */
  private async databaseBack(): Promise<void> {
    for (let failures = 1; this.awaySince !== undefined && !this.stopping; failures++) {
      try {
        await this.options.databaseAnswers();
        this.databaseAway(false);
      } catch {
        await pause(this.retryDelayMs(failures), this.stopped.signal);
      }
    }
  }

  private databaseAway(away: boolean): number {
    const before = this.awaySince;
    this.awaySince = away ? (before ?? performance.now()) : undefined;
    if (before !== this.awaySince) this.options.onDatabaseAway(this.awaySince);
    return this.awaySince ?? 0;
  }

  private retryDelayMs(failures: number): number {
    return retryDelayMs(endlessRetry(this.options.timing), failures);
  }

  private async closeStream(): Promise<void> {
    const stream = this.stream;
    this.stream = undefined;
    await stream?.close().catch((error: unknown) => this.noteUnclean(error));
  }

  private noteUnclean(error: unknown): void {
    this.logger.warn({ err: error }, 'a stream did not close cleanly');
  }
}

interface TakenDelivery extends Taken {
  readonly item: DeliveryItem;
}

function sharesRounds(taken: Taken): taken is TakenDelivery {
  return taken.item.kind === 'delivery' && taken.message.deliveryCount < deliveriesTogether;
}
