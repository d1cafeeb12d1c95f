import type { PublicEvent } from '@quadrille/contracts';
import type { AnyParticipant, EventPublisher, MessageStream } from '@quadrille/event-log';
import { Broker, checkTopology } from '@quadrille/messaging';
import type { Logger, Registry } from '@quadrille/observability';
import type { ServiceConfiguration } from './configuration/service-configuration.js';
import { StartupError } from './startup-error.js';
import { tableOf } from './topology.js';

/** The broker as one service uses it. It is there before the connection is, so that everything else can be wired first. */
export class BrokerLink implements EventPublisher {
  private broker: Broker | undefined;

  constructor(
    private readonly participant: AnyParticipant,
    private readonly configuration: ServiceConfiguration,
    private readonly logger: Logger,
    private readonly registry: Registry,
  ) {}

  get service(): string {
    return this.participant.name;
  }

  async connect(): Promise<void> {
    this.broker ??= await Broker.connect({
      url: this.configuration.AMQP_URL,
      name: this.participant.name,
      logger: this.logger,
      registry: this.registry,
      connectTimeoutMs,
    }).catch(explain);
  }

  /** Rejects while the setup step has not run, or has run for another number of partitions. */
  async checkTopology(): Promise<void> {
    const table = tableOf(this.participant);
    await checkTopology(this.open, { table, others: [], partitions: this.configuration.PARTITIONS }).catch(explain);
  }

  publish(event: PublicEvent): Promise<void> {
    return this.open.publisher.publish(event);
  }

  openPartition(partition: number): Promise<MessageStream> {
    const { name: service } = this.participant;
    return this.open.openPartition({ service, partition, partitions: this.configuration.PARTITIONS });
  }

  /** `ok`, or what is wrong with the connections. */
  check(): string {
    const { publishing, consuming, blocked } = this.broker?.isUp() ?? {};
    if (!publishing) return 'no connection for publishing';
    if (!consuming) return 'no connection for consuming';
    return blocked ? 'the broker takes no messages at present' : 'ok';
  }

  /** Waits for outstanding confirms. */
  async close(): Promise<void> {
    await this.broker?.close();
  }

  private get open(): Broker {
    if (!this.broker) throw new Error('the broker is not connected yet');
    return this.broker;
  }
}

const connectTimeoutMs = 5_000;

/** Wrong credentials, a missing virtual host or another number of partitions stay wrong; anything else may pass. */
function explain(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  if (/ACCESS[-_]REFUSED|NOT[-_]ALLOWED/.test(reason)) throw new StartupError(`AMQP_URL: ${reason}.`);
  if (reason.includes('PARTITIONS=')) throw new StartupError(`${reason}.`);
  throw error;
}
