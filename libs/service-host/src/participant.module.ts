import {
  Global,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  CommandGate,
  DeadLetters,
  EventLog,
  eventLogDataSourceOptions,
  type AnyParticipant,
  type TaskWorker,
} from '@quadrille/event-log';
import { createLogger, processMetrics, Registry } from '@quadrille/observability';
import { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { BrokerLink } from './broker-link.js';
import { ServiceConfiguration } from './configuration/service-configuration.js';
import type { ConfigurationClass } from './configuration/environment.js';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { HealthController } from './health.controller.js';
import { ProblemFilter, RefusalStatuses } from './http/problem-filter.js';
import { MetricsController } from './metrics.controller.js';
import { Preflight } from './preflight/preflight.js';
import { retentionOf, retryOf } from './preflight/retention.js';
import { ServiceLife } from './service-life.js';
import { ServiceLogger } from './service-logger.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- commands, states and events pass through the host unread
type AnyEventLog = EventLog<any, any, any>;

export interface ParticipantModuleOptions {
  /** Made by `environment`, when the service has variables of its own. */
  readonly configuration?: ConfigurationClass<ServiceConfiguration>;
  /** Does the tasks that the decider awaits. Its dependencies come from `imports` and `providers`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the command type is the participant's own, which the host passes through
  readonly worker?: Type<TaskWorker<any>>;
  /** HTTP statuses of refusals by code; 422 for those not named. */
  readonly refusals?: Readonly<Record<string, number>>;
  readonly imports?: ModuleMetadata['imports'];
  readonly providers?: readonly Provider[];
}

/**
 * All that a participant needs to be a service, for injection anywhere in it: `DataSource`, `CommandGate`, `DeadLetters`, `EventLog`,
 * `ServiceLogger`, `Registry` and the configuration; and the routes that every service has.
 */
@Global()
@Module({})
export class ParticipantModule {
  static for(participant: AnyParticipant, options: ParticipantModuleOptions = {}): DynamicModule {
    const configuration = options.configuration ?? ServiceConfiguration;
    return {
      module: ParticipantModule,
      imports: [...(options.imports ?? [])],
      controllers: [HealthController, MetricsController, DeadLettersController],
      providers: [
        ...configurationProviders(configuration),
        ...(options.providers ?? []),
        ...(options.worker ? [options.worker] : []),
        { provide: RefusalStatuses, useValue: new RefusalStatuses(options.refusals ?? {}) },
        { provide: APP_FILTER, useClass: ProblemFilter },
        loggerOf(participant),
        registry,
        dataSourceOf(participant),
        brokerLinkOf(participant),
        preflightOf(participant),
        eventLogOf(participant, options.worker),
        { provide: CommandGate, useFactory: ({ commands }: AnyEventLog) => commands, inject: [EventLog] },
        { provide: DeadLetters, useFactory: ({ deadLetters }: AnyEventLog) => deadLetters, inject: [EventLog] },
        ServiceLife,
      ],
      exports: [
        ServiceConfiguration,
        configuration,
        ServiceLogger,
        Registry,
        DataSource,
        EventLog,
        CommandGate,
        DeadLetters,
      ],
    };
  }
}

function configurationProviders(configuration: ConfigurationClass<ServiceConfiguration>): Provider[] {
  const own = { provide: configuration, useFactory: () => new configuration() };
  if (configuration === ServiceConfiguration) return [own];
  return [own, { provide: ServiceConfiguration, useExisting: configuration }];
}

function loggerOf({ name }: AnyParticipant): FactoryProvider<ServiceLogger> {
  return {
    provide: ServiceLogger,
    useFactory: ({ LOG_LEVEL }: ServiceConfiguration) =>
      new ServiceLogger(createLogger({ service: name, level: LOG_LEVEL })),
    inject: [ServiceConfiguration],
  };
}

const registry: FactoryProvider<Registry> = {
  provide: Registry,
  useFactory: () => {
    const registry = new Registry();
    processMetrics(registry);
    return registry;
  },
};

/** Not connected yet: `ServiceLife` does that, and waits for a database that is away. */
function dataSourceOf(participant: AnyParticipant): FactoryProvider<DataSource> {
  return {
    provide: DataSource,
    useFactory: ({ DATABASE_URL, DATABASE_POOL_SIZE }: ServiceConfiguration) =>
      new DataSource(eventLogDataSourceOptions(DATABASE_URL, participant, { poolSize: DATABASE_POOL_SIZE })),
    inject: [ServiceConfiguration],
  };
}

function brokerLinkOf(participant: AnyParticipant): FactoryProvider<BrokerLink> {
  return {
    provide: BrokerLink,
    useFactory: (configuration: ServiceConfiguration, logger: ServiceLogger, registry: Registry) =>
      new BrokerLink(participant, configuration, logger, registry),
    inject: [ServiceConfiguration, ServiceLogger, Registry],
  };
}

function preflightOf(participant: AnyParticipant): FactoryProvider<Preflight> {
  return {
    provide: Preflight,
    useFactory: (
      configuration: ServiceConfiguration,
      dataSource: DataSource,
      broker: BrokerLink,
      logger: ServiceLogger,
    ) => new Preflight(participant, configuration, dataSource, broker, logger),
    inject: [ServiceConfiguration, DataSource, BrokerLink, ServiceLogger],
  };
}

function eventLogOf(
  participant: AnyParticipant,
  worker: ParticipantModuleOptions['worker'],
): FactoryProvider<AnyEventLog> {
  return {
    provide: EventLog,
    useFactory: (
      configuration: ServiceConfiguration,
      dataSource: DataSource,
      broker: BrokerLink,
      logger: ServiceLogger,
      registry: Registry,
      worker?: TaskWorker<never>,
    ) =>
      new EventLog({
        dataSource,
        participant,
        replicaId: v7(),
        partitions: configuration.PARTITIONS,
        roles: new Set(configuration.ROLES),
        publisher: broker,
        openStream: (partition) => broker.openPartition(partition),
        logger,
        registry,
        ...(worker ? { worker } : {}),
        timing: { leaseMs: configuration.LEASE_MS },
        retry: retryOf(configuration),
        retention: retentionOf(configuration),
      }),
    inject: [ServiceConfiguration, DataSource, BrokerLink, ServiceLogger, Registry, ...(worker ? [worker] : [])],
  };
}
