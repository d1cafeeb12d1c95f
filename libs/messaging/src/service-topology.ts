import { createHash } from 'node:crypto';
import type { Options } from 'amqplib';
import { partitionOf, slotCount } from '@quadrille/contracts';
import { deadLetterQueue, deadLetterRoutingKey, partitionQueue, serviceExchange } from './names.js';
import { lastingQueue, partitionQueueOptions } from './queue-arguments.js';

/** What the broker has, or has to have, of one service. */
export interface DeclaredService {
  readonly service: string;
  readonly hears: readonly string[];
  readonly announces: readonly string[];
  readonly partitions: number;
}

export interface QueueDeclaration {
  readonly queue: string;
  readonly options: Options.AssertQueue;
  /** Of the service's own exchange. */
  readonly patterns: readonly string[];
}

/** A service's queues with all their arguments and bindings. */
export function queuesOf({ service, partitions }: Pick<DeclaredService, 'service' | 'partitions'>): QueueDeclaration[] {
  const slots = [...Array(slotCount).keys()];
  return [
    { queue: deadLetterQueue(service), options: lastingQueue, patterns: [deadLetterRoutingKey] },
    ...[...Array(partitions).keys()].map((partition) => ({
      queue: partitionQueue(service, partition, partitions),
      options: partitionQueueOptions(serviceExchange(service), deadLetterRoutingKey),
      patterns: slots.filter((slot) => partitionOf(slot, partitions) === partition).map(slotPattern),
    })),
  ];
}

/** What binds a service's exchange to the exchange of all events. */
export function typePattern(type: string): string {
  return `${type}.*`;
}

function slotPattern(slot: number): string {
  return `#.${slot}`;
}

/**
 * Seals are exchanges that carry nothing: their names are the message. The setup step makes them when everything behind them
 * is as it has to be, and takes them away before it changes that. They are there because a service's own user of the broker
 * may neither declare nor read what it wants to be sure of, but anybody may ask whether an exchange exists.
 */
export interface Seals {
  /** Every queue of the service is there, with these arguments, delivery limits and bindings. */
  readonly queues: string;
  /** These types come to the service's exchange. */
  readonly hears: ReadonlyMap<string, string>;
}

export function sealsOf(declared: Pick<DeclaredService, 'service' | 'hears' | 'partitions'>): Seals {
  const exchange = serviceExchange(declared.service);
  return {
    queues: `${exchange}.queues.${fingerprint(queuesOf(declared))}`,
    hears: new Map(declared.hears.map((type) => [type, `${exchange}.hears.${type}`])),
  };
}

function fingerprint(queues: readonly QueueDeclaration[]): string {
  const facts = queues.map(({ queue, options, patterns }) => {
    const settings = Object.entries(options.arguments as Readonly<Record<string, unknown>>);
    return [queue, settings.sort(([a], [b]) => (a < b ? -1 : 1)), patterns];
  });
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
