import { Registry, silentLogger, type Logger } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import type { AgendaParts } from './agenda-failures.js';
import { CommandGate } from './command-gate.js';
import { Consuming } from './consuming.js';
import { DeadLetters } from './dead-letters.js';
import { DeadlineLoop } from './deadline-loop.js';
import type { MessageStream } from './deliveries.js';
import { GroupCommit } from './group-commit.js';
import { HeldMessages } from './held-messages.js';
import { assignHeldPartitions } from './held-partitions.js';
import { HeldRetryLoop } from './held-retry-loop.js';
import { LogMetrics } from './log-metrics.js';
import { LogSignal } from './log-signal.js';
import { Machine } from './machine.js';
import { defaultRetention, Maintenance, type Retention } from './maintenance.js';
import type { Participant } from './participant.js';
import type { EventPublisher } from './publisher.js';
import { Relay } from './relay.js';
import { heldRetry, type RetryPolicy } from './retry-policy.js';
import type { News } from './round-batch.js';
import { Round } from './round.js';
import { TaskLoop } from './task-loop.js';
import type { TaskWorker } from './task-worker.js';
import { defaultTiming, type Timing } from './timing.js';

/** What a replica does. A cluster may scale the roles apart. */
export type Role = 'http' | 'consume' | 'relay' | 'work';

export interface EventLogOptions<
  Command extends { readonly type: string },
  State,
  Event extends { readonly type: string },
> {
  /** Connected and migrated; stays the caller's to close. */
  readonly dataSource: DataSource;
  readonly participant: Participant<Command, State, Event>;
  /** Unique among the replicas that live, and new after each start. */
  readonly replicaId: string;
  /** How many queues the service's slots are bound to. */
  readonly partitions: number;
  readonly roles: ReadonlySet<Role>;
  readonly publisher: EventPublisher;
  readonly openStream: (partition: number) => Promise<MessageStream>;
  /** Does the tasks that states ask for. Without one they wait. */
  readonly worker?: TaskWorker<Command> | undefined;
  readonly logger?: Logger | undefined;
  readonly registry?: Registry | undefined;
  readonly timing?: Partial<Timing> | undefined;
  /** For messages that fail, until they are dead letters. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly retention?: Partial<Retention> | undefined;
}

export interface EventLogStatus {
  /** The partitions this replica works on. */
  readonly partitions: readonly number[];
  readonly relayActive: boolean;
  /** Most keys fail alike: consuming waits. */
  readonly consumingPaused: boolean;
  /** How long rounds have met no database; undefined while they do. */
  readonly databaseAwayMs: number | undefined;
}

interface Part {
  start(): void;
  stop(): Promise<void>;
}

/** One replica of a service at work on its event log: all loops of its roles, started and stopped together. */
export class EventLog<Command extends { readonly type: string }, State, Event extends { readonly type: string }> {
  /** The door for commands from HTTP. Open in every role, and before `start`. */
  readonly commands: CommandGate<Command, State>;
  readonly deadLetters: DeadLetters;
  private readonly signal: LogSignal;
  private readonly maintenance: Maintenance;
  private readonly metrics: LogMetrics;
  private readonly consuming: Consuming | undefined;
  private readonly relay: Relay | undefined;
  /** What runs rounds of its own accord. */
  private readonly loops: readonly Part[];
  private readonly logger: Logger;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: EventLogOptions<Command, State, Event>) {
    const { dataSource, participant, replicaId, partitions, roles, publisher, openStream, worker } = options;
    const { logger = silentLogger, registry = new Registry() } = options;
    const timing: Timing = { ...defaultTiming, ...options.timing };
    this.logger = logger;
    this.signal = new LogSignal(dataSource, logger);
    this.maintenance = new Maintenance({
      dataSource,
      retention: { ...defaultRetention, ...options.retention },
      pauseMs: timing.maintenanceMs,
      logger,
    });
    this.metrics = new LogMetrics(dataSource, registry, timing.metricsMs, logger);

    const retry = { ...heldRetry, ...options.retry };
    const onCommitted = (news: News) => this.spread(news);
    const roundOptions = { dataSource, participant, retry, logger, registry, onCommitted };
    const { companyMs } = timing;
    const machine = new Machine();
    const rounds = new GroupCommit(new Round(roundOptions), { isMachineFull: () => machine.isFull, companyMs });
    const held = new HeldMessages(roundOptions);
    this.commands = new CommandGate(rounds);
    const parts = { dataSource, replicaId, rounds, signal: this.signal, timing, logger };
    const deferrable = new Set<string>(participant.choreography.deferrable);
    if (roles.has('consume'))
      this.consuming = new Consuming({ ...parts, partitions, deferrable, openStream, registry });
    if (roles.has('relay')) this.relay = new Relay({ ...parts, participant, publisher, registry });
    const retries = new HeldRetryLoop(held, this.consuming?.leases, timing.heldPollMs, logger);
    this.deadLetters = new DeadLetters({ dataSource, service: participant.name, logger, onDue: () => retries.wake() });
    const agenda: AgendaParts = { ...parts, held, retry };
    this.loops = [
      ...(this.consuming ? [this.consuming] : []),
      ...(roles.has('consume') || roles.has('work') ? [retries] : []),
      ...(roles.has('work') ? [new DeadlineLoop(agenda)] : []),
      ...(roles.has('work') && worker ? [new TaskLoop(agenda, worker, participant.decider)] : []),
    ];
  }

  /**
   * Makes room in the log and starts the loops. Resolves when they run; what they wait for, they wait for by themselves.
   * Rejects when the database is away; then it may be called again.
   */
  async start(): Promise<void> {
    if (this.stopping) throw new Error('an event log that was stopped cannot be started again');
    this.starting ??= this.begin().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    await this.starting;
  }

  /**
   * Begins no new round, lets the running ones end and acknowledge, closes the channels, hands the leases over, and waits
   * for the confirms in flight. Nothing is lost and nothing is done twice. Calling it again, or during `start`, is fine.
   */
  async stop(): Promise<void> {
    this.stopping ??= this.end();
    await this.stopping;
  }

  /** Calls back soon after events were committed, by whichever replica. A hint that can be lost: poll behind it. */
  onEvents(listener: () => void): void {
    this.signal.on('log', listener);
  }

  status(): EventLogStatus {
    return {
      partitions: this.consuming?.leases.partitions() ?? [],
      relayActive: this.relay?.active ?? false,
      consumingPaused: this.consuming?.paused ?? false,
      databaseAwayMs: this.consuming?.databaseAwayMs,
    };
  }

  private async begin(): Promise<void> {
    const { participant, retention } = this.options;
    if (participant.repository.foldsLog && retention?.logMs !== undefined)
      throw new Error(`${participant.name}'s states are folds of its log, which cannot be dropped`);
    await this.maintenance.run().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'maintenance is late; it is tried again');
    });
    // The number of partitions may have changed since a message was held.
    if (this.consuming) await assignHeldPartitions(this.options.dataSource, this.options.partitions);
    if (this.stopping) return;
    this.signal.start();
    this.maintenance.start();
    this.metrics.start();
    this.relay?.start();
    for (const loop of this.loops) loop.start();
  }

  private async end(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await Promise.all([this.commands.close(), ...this.loops.map((loop) => loop.stop())]);
    // The last rounds may have left something to say.
    await this.relay?.stop();
    await Promise.all([this.maintenance.stop(), this.metrics.stop()]);
    await this.signal.stop();
  }

  /** After a commit: tells whoever it concerns. They poll behind it, and what is committed must not be taken for a failure. */
  private spread({ events, armed }: News): void {
    try {
      if (events.length > 0) {
        this.relay?.committed(events);
        this.signal.raise('log');
      }
      if (armed > 0) this.signal.raise('agenda');
    } catch (error) {
      this.logger.error({ err: error }, 'what was committed could not be told; it is found by polling');
    }
  }
}
