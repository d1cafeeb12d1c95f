import { Registry, silentLogger } from '@quadrille/observability';
import { randomUUID } from 'node:crypto';
import { EventLog, type EventLogOptions } from '../src/event-log.js';
import type { TestDatabase } from './database.js';
import { testParticipant, type Command, type Event, type State, type TestHooks } from './participant.js';
import { TestPublisher } from './publisher.js';
import type { TestQueue } from './queue.js';

export type TestEventLog = EventLog<Command, State, Event>;

export type ReplicaOptions = Partial<EventLogOptions<Command, State, Event>> &
  TestHooks & { readonly queues?: readonly TestQueue[] };

/** One process of the test service, with impatient timing. */
export function replica(database: TestDatabase, options: ReplicaOptions): TestEventLog {
  const { queues = [], onDecide, timing, ...more } = options;
  return new EventLog<Command, State, Event>({
    dataSource: database.dataSource,
    participant: testParticipant(onDecide ? { onDecide } : {}),
    replicaId: randomUUID(),
    partitions: queues.length,
    roles: new Set(['http', 'consume', 'relay', 'work']),
    publisher: new TestPublisher(() => 'confirm'),
    openStream: async (partition) => {
      const queue = queues[partition];
      if (!queue) throw new Error(`there is no partition ${partition}`);
      return queue.open();
    },
    logger: silentLogger,
    registry: new Registry(),
    retry: { firstDelayMs: 20, delayMaxMs: 200 },
    ...more,
    timing: {
      leaseMs: 1500,
      retryMs: 20,
      retryMaxMs: 200,
      relayPollMs: 100,
      agendaPollMs: 50,
      heldPollMs: 50,
      ...timing,
    },
  });
}
