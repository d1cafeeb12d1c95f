import type { ChannelModel } from 'amqplib';
import { slotCount } from '@quadrille/contracts';
import { Broker } from './broker.js';
import { closeGently, endOf, openConnection } from './connection.js';
import { partitionQueue, serviceExchange, topologyRecordQueue } from './names.js';
import { exchangeExists, queueStateOf } from './queue-state.js';
import { sealsOf } from './service-topology.js';
import { partitionsOf, type DeclareTopologyOptions, type ServiceTable } from './topology.js';

export interface CheckTopologyOptions {
  readonly table: ServiceTable;
  /** The tables of all other services: those among them that hear this one must have their queues. */
  readonly others: readonly ServiceTable[];
  readonly partitions: DeclareTopologyOptions['partitions'];
}

/** The broker is not as the setup step should have left it. */
export class TopologyMissing extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TopologyMissing';
  }
}

/** The broker is as another version or configuration needs it: waiting does not mend it. */
export class TopologyDiffers extends TopologyMissing {
  constructor(message: string) {
    super(message);
    this.name = 'TopologyDiffers';
  }
}

/** The service and the broker do not agree on the number of partitions. */
export class PartitionsDiffer extends TopologyDiffers {
  constructor(service: string, configured: number, declared: number) {
    super(
      `${service} is configured with PARTITIONS=${configured}, but the broker has queues for ${declared}; run the setup step`,
    );
    this.name = 'PartitionsDiffer';
  }
}

/**
 * Rejects with `TopologyMissing` when a queue that should hear this service does not exist, when this service's own queues
 * are not there, or when the setup step has not come to its end and may still have queues to make; and with
 * `TopologyDiffers` when it has, for another number of partitions, other arguments of queues or without a type that this
 * service hears. Only asks, changes nothing, and needs no permissions.
 *
 * What is proven by what: that queues exist, by asking for each; their arguments, delivery limits and bindings, by the seals
 * of the setup step, which may declare and therefore compare. What somebody changes by hand after it shows at the next one.
 */
export async function checkTopology(broker: Broker | string, options: CheckTopologyOptions): Promise<void> {
  if (broker instanceof Broker) return broker.ask((model) => check(model, options));
  const model = await openConnection({ url: broker, name: 'quadrille check', heartbeatSeconds: 5 });
  void endOf(model);
  try {
    await check(model, options);
  } finally {
    await closeGently(model);
  }
}

async function check(model: ChannelModel, { table, others, partitions }: CheckTopologyOptions): Promise<void> {
  const wanted = partitionsOf(table.service, partitions);
  const own = await declaredPartitions(model, table.service, wanted);
  if (own === undefined) throw new TopologyMissing(`the broker has no queues for ${table.service}; run the setup step`);
  if (own !== wanted) throw new PartitionsDiffer(table.service, wanted, own);
  await everyQueue(model, table.service, own);
  const record = await queueStateOf(model, topologyRecordQueue);
  if (!record || record.messageCount === 0)
    throw new TopologyMissing('the setup step of the broker has not come to its end; run it');
  await everySeal(model, table, own);
  for (const other of others) {
    const heard = table.announces.filter((type) => other.hears.includes(type));
    if (heard.length === 0) continue;
    const count = await declaredPartitions(model, other.service, expected(other.service, partitions) ?? wanted);
    if (count === undefined)
      throw new TopologyMissing(
        `the broker has no queues for ${other.service}, which should hear ${heard.join(', ')} of ${table.service}; run the setup step`,
      );
    await everyQueue(model, other.service, count);
  }
}

function expected(service: string, partitions: CheckTopologyOptions['partitions']): number | undefined {
  return typeof partitions === 'number' ? partitions : partitions[service];
}

/** How many partitions a service's queues are for, looking for the expected number first. */
async function declaredPartitions(
  model: ChannelModel,
  service: string,
  expectedCount: number,
): Promise<number | undefined> {
  if (await queueStateOf(model, partitionQueue(service, 0, expectedCount))) return expectedCount;
  if (!(await exchangeExists(model, serviceExchange(service)))) return undefined;
  for (let count = 1; count <= slotCount; count++)
    if (await queueStateOf(model, partitionQueue(service, 0, count))) return count;
  return undefined;
}

async function everySeal(model: ChannelModel, { service, hears }: ServiceTable, partitions: number): Promise<void> {
  const seals = sealsOf({ service, hears, partitions });
  const faults: string[] = [];
  if (!(await exchangeExists(model, seals.queues)))
    faults.push(`${service}'s queues have other arguments or bindings in the broker than this version needs`);
  for (const [type, seal] of seals.hears)
    if (!(await exchangeExists(model, seal))) faults.push(`${service} hears ${type}, but the broker does not bring it`);
  if (faults.length > 0) throw new TopologyDiffers(`${faults.join('; ')}; run this version's setup step`);
}

async function everyQueue(model: ChannelModel, service: string, count: number): Promise<void> {
  for (let partition = 0; partition < count; partition++) {
    const queue = partitionQueue(service, partition, count);
    if (!(await queueStateOf(model, queue)))
      throw new TopologyMissing(`the broker has no queue ${queue}; run the setup step`);
  }
}
