import type { PublicEvent } from '@quadrille/contracts';
import type { AnyParticipant, EventPublisher, MessageStream } from '@quadrille/event-log';
import { Broker, checkTopology, deadLetterQueue, TopologyDiffers, type BrokerServer } from '@quadrille/messaging';
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
    if (this.broker) return;
    this.broker = await Broker.connect({
      url: this.configuration.AMQP_URL,
      name: this.participant.name,
      logger: this.logger,
      registry: this.registry,
      sharing: {
        partitions: this.configuration.PARTITIONS,
        eventsMax: this.configuration.EVENTS_PER_MESSAGE_MAX,
      },
      connectTimeoutMs,
    }).catch(explain);
    this.broker.watchDeadLetters(deadLetterQueue(this.participant.name));
  }

  server(): Promise<BrokerServer> {
    return this.open.server();
  }

  /** Rejects while the setup step has not run, or has run for another version or number of partitions. */
  async checkTopology(): Promise<void> {
    const table = tableOf(this.participant);
    // A service does not know who hears it; that the setup step came to its end tells that their queues are there too.
    await checkTopology(this.open, { table, others: [], partitions: this.configuration.PARTITIONS }).catch(explain);
  }

  publish(event: PublicEvent): Promise<void> {
    return this.open.publisher.publish(event);
  }

  openPartition(partition: number): Promise<MessageStream> {
    const { name: service } = this.participant;
    return this.open.openPartition({ service, partition, partitions: this.configuration.PARTITIONS });
  }

  /** `ok`, or which connection is missing. A broker that takes no messages for a while is no fault: the log absorbs. */
  check(): string {
    const { publishing, consuming } = this.broker?.isUp() ?? {};
    if (!publishing) return 'no connection for publishing';
    return consuming ? 'ok' : 'no connection for consuming';
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

/** Wrong credentials, a missing virtual host or the topology of another version stay wrong; anything else may pass. */
function explain(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  if (/ACCESS[-_]REFUSED|NOT[-_]ALLOWED/.test(reason)) throw new StartupError(`AMQP_URL: ${reason}`);
  if (error instanceof TopologyDiffers) throw new StartupError(reason);
  throw error;
}
