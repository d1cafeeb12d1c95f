import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { assertMigrated, EventLog, isTransient, messageOf } from '@quadrille/event-log';
import { startTracing, type Tracing } from '@quadrille/observability';
import { DataSource } from 'typeorm';
import { BrokerLink } from './broker-link.js';
import { ServiceConfiguration } from './configuration/service-configuration.js';
import { Preflight } from './preflight/preflight.js';
import { ServiceLogger } from './service-logger.js';
import { StartupError } from './startup-error.js';

export interface Readiness {
  readonly status: 'ready' | 'not ready';
  /** `ok`, or what is wrong. */
  readonly checks: Readonly<Record<'service' | 'database' | 'broker', string>>;
}

/**
 * A service is `starting` until the database, the broker and every queue it needs are there; however long that takes, it
 * waits. What is there and unsafe ends the start. It is `running` until it is told to stop, and `stopping` until all that it had begun is finished.
 * The API answers as soon as it runs and until the last request is done; health and metrics answer always.
 */
@Injectable()
export class ServiceLife implements BeforeApplicationShutdown, OnApplicationShutdown {
  private phase: 'starting' | 'running' | 'stopping' = 'starting';
  private hasRun = false;
  /** Why the service still waits. */
  private missing = 'nothing was tried yet';
  private readonly stopping = new AbortController();
  private started: Promise<void> | undefined;
  private tracing: Tracing | undefined;

  constructor(
    private readonly configuration: ServiceConfiguration,
    private readonly dataSource: DataSource,
    private readonly broker: BrokerLink,
    private readonly preflight: Preflight,
    private readonly eventLog: EventLog<never, unknown, never>,
    private readonly logger: ServiceLogger,
  ) {}

  /** Resolves when the service runs, or when it was told to stop before. Rejects with what waiting will not mend. */
  start(): Promise<void> {
    this.started ??= this.startAll();
    return this.started;
  }

  /** Whether the API may answer. */
  get answers(): boolean {
    return this.hasRun;
  }

  get isStopping(): boolean {
    return this.phase === 'stopping';
  }

  async readiness(): Promise<Readiness> {
    const service = this.phase === 'starting' ? `waits: ${this.missing}` : this.phase === 'running' ? 'ok' : 'stops';
    const checks = { service, database: await this.databaseCheck(), broker: this.broker.check() };
    const ready = Object.values(checks).every((check) => check === 'ok');
    return { status: ready ? 'ready' : 'not ready', checks };
  }

  /** Not ready from here on, and a moment for whoever sends requests to notice; Nest stops listening afterwards. */
  async beforeApplicationShutdown(): Promise<void> {
    this.phase = 'stopping';
    this.stopping.abort();
    if (this.hasRun) await pause(this.configuration.SHUTDOWN_WAIT_MS);
  }

  /** All requests are answered by now, or were given up. The round ends before its channel, the channel before the connection. */
  async onApplicationShutdown(): Promise<void> {
    await this.started?.catch(() => undefined);
    await this.eventLog.stop();
    await this.broker.close();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.tracing?.shutdown();
    this.logger.info({}, 'stopped');
  }

  private async startAll(): Promise<void> {
    this.tracing = await startTracing({
      service: this.broker.service,
      otlpEndpoint: this.configuration.OTEL_EXPORTER_OTLP_ENDPOINT,
    });
    this.preflight.judgeConfiguration();
    await this.insist(() => this.connectDatabase());
    await this.insist(() => this.broker.connect());
    await this.insist(() => this.preflight.inspectServers());
    await this.insist(() => this.eventLog.start());
    if (this.stopping.signal.aborted) return;
    this.phase = 'running';
    this.hasRun = true;
    this.logger.info({ roles: this.configuration.ROLES }, 'running');
  }

  private async connectDatabase(): Promise<void> {
    if (!this.dataSource.isInitialized) await this.dataSource.initialize().catch(explainDatabase);
    await assertMigrated(this.dataSource).catch(explainDatabase);
  }

  /** Does `step` until it succeeds. Each new reason to wait is logged once. */
  private async insist(step: () => Promise<void>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await step();
        return;
      } catch (error) {
        if (error instanceof StartupError) throw error;
        this.note(messageOf(error));
        await pause(retryMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  private note(reason: string): void {
    if (reason !== this.missing) this.logger.warn({ reason }, 'not ready yet');
    this.missing = reason;
  }

  private async databaseCheck(): Promise<string> {
    if (!this.dataSource.isInitialized) return 'not connected yet';
    const answered = this.dataSource.query('select 1').then(() => 'ok', messageOf);
    return Promise.race([answered, pause(databaseAnswerMs, `no answer in ${databaseAnswerMs} ms`, { ref: false })]);
  }
}

const retryMs = 1_000;
const databaseAnswerMs = 2_000;

/** Wrong credentials and missing tables stay wrong; a connection that failed may come. */
function explainDatabase(error: unknown): never {
  if (isTransient(error)) throw error;
  throw new StartupError(`DATABASE_URL: ${messageOf(error)}`);
}
