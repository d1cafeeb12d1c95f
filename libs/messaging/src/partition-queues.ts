import { slotCount } from '@quadrille/contracts';
import { closeGently, endOf, openConnection } from './connection.js';
import { partitionQueue } from './names.js';
import { queueStateOf } from './queue-state.js';

export interface PartitionQueueState {
  readonly queue: string;
  /** The number of partitions that the queue is one of. */
  readonly partitions: number;
  /** Messages that nobody has taken; what is taken and not acknowledged comes back when its consumer is gone. */
  readonly ready: number;
  readonly consumers: number;
}

/** The partition queues that a service has. A change of their number that ended halfway leaves queues of two numbers. */
export async function partitionQueuesOf(url: string, service: string): Promise<PartitionQueueState[]> {
  const model = await openConnection({ url, name: 'quadrille partitions', heartbeatSeconds: 5 });
  void endOf(model);
  try {
    const found: PartitionQueueState[] = [];
    for (let partitions = 1; partitions <= slotCount; partitions++) {
      // The last one is made last and deleted last.
      if (!(await queueStateOf(model, partitionQueue(service, partitions - 1, partitions)))) continue;
      for (let partition = 0; partition < partitions; partition++) {
        const queue = partitionQueue(service, partition, partitions);
        const state = await queueStateOf(model, queue);
        if (state) found.push({ queue, partitions, ready: state.messageCount, consumers: state.consumerCount });
      }
    }
    return found;
  } finally {
    await closeGently(model);
  }
}
