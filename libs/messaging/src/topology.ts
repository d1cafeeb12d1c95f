import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { slotCount } from '@quadrille/contracts';
import { silentLogger, type Logger } from '@quadrille/observability';
import { Backoff } from './backoff.js';
import { closeGently, endOf, openConnection } from './connection.js';
import { refuseOtherArguments } from './existing-arguments.js';
import { eventsExchange, partitionQueue, serviceExchange, topologyLockQueue } from './names.js';
import { queueStateOf } from './queue-state.js';
import { queuesOf, sealsOf, typePattern, type DeclaredService } from './service-topology.js';
import { replaceRecord, takeRecord, type RecordedService, type TopologyRecord } from './topology-record.js';
import { takeReady } from './take-ready.js';
import { TopologyRefused } from './topology-refused.js';

export { TopologyRefused };

/** What one service hears and announces: the part of its choreography that the broker must know. */
export interface ServiceTable {
  readonly service: string;
  readonly hears: readonly string[];
  readonly announces: readonly string[];
}

export interface DeclareTopologyOptions {
  readonly url: string;
  readonly tables: readonly ServiceTable[];
  /** How many partition queues each service has, or each by its name. */
  readonly partitions: number | Readonly<Record<string, number>>;
  readonly logger?: Logger | undefined;
  /** How long a broker that is still coming up is waited for. */
  readonly waitMs?: number | undefined;
}

/**
 * The setup step: makes the broker as the tables say, whatever a former run had made, and may run again at any time.
 * Types that a service no longer hears are unbound, and queues of a former number of partitions are deleted, provided that
 * they are empty and nobody consumes them (stop the service and let it drain first), and that what is there already has the arguments that it has to have: otherwise
 * nothing is changed and it rejects with `TopologyRefused`. At its end it seals what it has made, for `checkTopology`. Services that are not in the tables are left as they are.
 */
export async function declareTopology(options: DeclareTopologyOptions): Promise<void> {
  const logger = options.logger ?? silentLogger;
  const endsAt = Date.now() + (options.waitMs ?? 60_000);
  const backoff = new Backoff();
  for (;;) {
    try {
      return await declareOnce(options, logger);
    } catch (error) {
      if (!isPassing(error) || Date.now() >= endsAt) throw error;
      logger.info({ err: error }, 'the broker is not ready for the setup step yet');
      await new Promise((resolve) => setTimeout(resolve, backoff.nextDelayMs()));
    }
  }
}

export function partitionsOf(service: string, partitions: DeclareTopologyOptions['partitions']): number {
  const count = typeof partitions === 'number' ? partitions : partitions[service];
  if (count === undefined || !Number.isInteger(count) || count < 1 || count > slotCount)
    throw new TopologyRefused(`${service} needs a whole number of partitions from 1 to ${slotCount}, not ${count}`);
  return count;
}

async function declareOnce(options: DeclareTopologyOptions, logger: Logger): Promise<void> {
  const wanted = options.tables.map((table) => recorded(table, partitionsOf(table.service, options.partitions)));
  const model = await openConnection({ url: options.url, name: 'quadrille setup', heartbeatSeconds: 5 });
  void endOf(model);
  try {
    const channel = await model.createConfirmChannel();
    void endOf(channel);
    // Exclusive to this connection: a second setup step is refused here, and tries again until this one is done.
    await channel.assertQueue(topologyLockQueue, { exclusive: true, durable: false });
    const record = await takeRecord(channel);
    await refuseOtherArguments(model, wanted);
    await refuseToLoseMessages(model, record, wanted);
    await breakStaleSeals(channel, record, wanted);
    await channel.assertExchange(eventsExchange, 'topic', { durable: true });
    for (const service of wanted) await declareService(channel, service);
    for (const service of wanted)
      for (const former of record.services.filter((one) => one.service === service.service))
        await removeStale(model, channel, former, service, logger);
    const others = record.services.filter((one) => !wanted.some(({ service }) => service === one.service));
    for (const { service } of others) logger.warn({ service }, 'not in the tables: its queues stay as they are');
    for (const seal of wanted.flatMap(({ seals }) => seals)) await channel.assertExchange(seal, 'fanout', sealOptions);
    await replaceRecord(channel, record, [...wanted, ...others]);
    await closeGently(channel);
  } finally {
    await closeGently(model);
  }
}

function recorded({ service, hears, announces }: ServiceTable, partitions: number): RecordedService {
  const declared = { service, hears: [...hears], announces: [...announces], partitions };
  const seals = sealsOf(declared);
  return { ...declared, seals: [seals.queues, ...seals.hears.values()] };
}

/** Nobody can publish to a seal. */
const sealOptions = { durable: true, internal: true };

/** Before what they stand for is changed. */
async function breakStaleSeals(
  channel: ConfirmChannel,
  record: TopologyRecord,
  wanted: readonly RecordedService[],
): Promise<void> {
  for (const { service, seals } of wanted)
    for (const former of record.services.filter((one) => one.service === service))
      for (const seal of former.seals.filter((one) => !seals.includes(one))) await channel.deleteExchange(seal);
}

/** Before anything is changed: queues of a former number of partitions must be empty and nobody's. */
async function refuseToLoseMessages(
  model: ChannelModel,
  record: TopologyRecord,
  wanted: readonly DeclaredService[],
): Promise<void> {
  for (const queue of formerQueues(record, wanted)) {
    const state = await queueStateOf(model, queue.name);
    if (!state || (state.messageCount === 0 && state.consumerCount === 0)) continue;
    throw new TopologyRefused(
      `${queue.service} cannot go from ${queue.former} to ${queue.wanted} partitions: ${queue.name} still has ` +
        `${state.messageCount} messages and ${state.consumerCount} consumers. ` +
        `Pause the relays, let ${queue.service} drain its queues, stop it, and run the setup step again.`,
    );
  }
}

function formerQueues(record: TopologyRecord, wanted: readonly DeclaredService[]) {
  return wanted.flatMap(({ service, partitions }) =>
    record.services
      .filter((former) => former.service === service && former.partitions !== partitions)
      .flatMap((former) =>
        range(former.partitions).map((partition) => ({
          service,
          former: former.partitions,
          wanted: partitions,
          name: partitionQueue(service, partition, former.partitions),
        })),
      ),
  );
}

async function declareService(channel: ConfirmChannel, wanted: DeclaredService): Promise<void> {
  const exchange = serviceExchange(wanted.service);
  await channel.assertExchange(exchange, 'topic', { durable: true });
  const queues = queuesOf(wanted);
  for (const { queue, options } of queues) await channel.assertQueue(queue, options);
  for (const { queue, patterns } of queues)
    for (const pattern of patterns) await channel.bindQueue(queue, exchange, pattern);
  // Last, so that nothing arrives before there is a queue for it.
  for (const type of wanted.hears) await channel.bindExchange(exchange, eventsExchange, typePattern(type));
}

async function removeStale(
  model: ChannelModel,
  channel: ConfirmChannel,
  former: DeclaredService,
  wanted: DeclaredService,
  logger: Logger,
): Promise<void> {
  const { service } = wanted;
  for (const type of former.hears.filter((type) => !wanted.hears.includes(type))) {
    await channel.unbindExchange(serviceExchange(service), eventsExchange, typePattern(type));
    logger.info({ service, type }, 'no longer heard: unbound');
  }
  if (former.partitions === wanted.partitions) return;
  for (const partition of range(former.partitions)) {
    const queue = partitionQueue(service, partition, former.partitions);
    if (!(await queueStateOf(model, queue))) continue;
    const { patterns = [] } = queuesOf(former).find((one) => one.queue === queue) ?? {};
    for (const pattern of patterns) await channel.unbindQueue(queue, serviceExchange(service), pattern);
    await moveLatecomers(model, queue, serviceExchange(service));
    await channel.deleteQueue(queue);
    logger.info({ service, queue }, 'of a former number of partitions: deleted');
  }
}

/** What came in between the check and the unbinding goes to the new queues, in its order. */
async function moveLatecomers(model: ChannelModel, queue: string, exchange: string): Promise<void> {
  while ((await queueStateOf(model, queue))?.messageCount) {
    const channel = await model.createConfirmChannel();
    void endOf(channel);
    try {
      const { messages: late } = await takeReady(channel, queue);
      for (const { fields, properties, content } of late)
        channel.publish(exchange, fields.routingKey, content, { ...properties, persistent: true });
      await channel.waitForConfirms();
      for (const message of late) channel.ack(message);
    } finally {
      await closeGently(channel);
    }
  }
}

function range(count: number): number[] {
  return [...Array(count).keys()];
}

const passing = /closed|ended|ETIMEDOUT|heartbeat|is down|down or inaccessible|CONNECTION.FORCED|INTERNAL.ERROR/i;

/** Whether the same step may succeed a little later: the broker is starting, or another setup step is at work. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof TopologyRefused) return false;
  // Errors of the operating system have a text for a code: ECONNREFUSED and the like.
  if (typeof (error as { code?: unknown }).code === 'string') return true;
  return passing.test(error.message) || error.message.includes(`'${topologyLockQueue}'`);
}
