import { eventLogDataSourceOptions, migrate, Round, type Outcome } from '@quadrille/event-log';
import { throwAwayDatabase } from '@quadrille/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { HeardFact, Order, OrderCommand, OrderEvent, Place } from '../src/domain/index.js';
import { orderParticipant } from '../src/participant.js';

export interface OrderDatabase {
  readonly dataSource: DataSource;
  readonly round: Round<OrderCommand, Order, OrderEvent>;
  /** One round with these commands; every one of them has to be decided. */
  send(...commands: readonly OrderCommand[]): Promise<void>;
  drop(): Promise<void>;
}

/** A throw-away database of the order service, and its rounds. */
export async function orderDatabase(): Promise<OrderDatabase> {
  const database = await throwAwayDatabase();
  await migrate(database.url, orderParticipant);
  const dataSource = await new DataSource(eventLogDataSourceOptions(database.url, orderParticipant)).initialize();
  const round = new Round({ dataSource, participant: orderParticipant });
  return {
    dataSource,
    round,
    send: async (...commands) => {
      const outcomes = await round.run(commands.map(requested));
      const undecided = outcomes.find((outcome: Outcome) => outcome.kind !== 'decided');
      if (undecided) throw new Error(`not decided: ${JSON.stringify(undecided)}`);
    },
    drop: async () => {
      await dataSource.destroy();
      await database.drop();
    },
  };
}

export function requested(command: OrderCommand) {
  const cause = { correlationId: 'spec', causationId: 'spec' };
  return { kind: 'request' as const, command, cause, answer: (order: Order) => order };
}

export function placing(more: Partial<Place> = {}): Place {
  return {
    type: 'Place',
    orderId: uuidv7(),
    customerId: 'ada',
    currency: 'EUR',
    totalMinor: 2400,
    lines: [{ sku: 'MUG-1', quantity: 2, unitMinor: 1200 }],
    paymentMethod: 'pm_card_visa',
    deadlineMs: 900_000,
    ...more,
  };
}

export function heard(orderId: string, type: string, more: object = {}): HeardFact {
  const service = type.startsWith('payment') ? 'payment' : 'inventory';
  return { id: uuidv7(), at: '2026-01-02T03:04:05.678Z', service, type, data: { orderId, ...more } };
}
