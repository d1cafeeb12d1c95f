import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { buildEvent, fact } from '@quadrille/contracts';
import { type DeliveryItem, eventLogDataSourceOptions, migrate, Round } from '@quadrille/event-log';
import { inventoryParticipant } from '@quadrille/inventory/participant';
import { orderParticipant } from '@quadrille/order/participant';
import { throwAwayDatabase } from '@quadrille/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

// Counts that do not depend on the clock: what a batch costs the database is the same for one order and for a hundred.

type Participant = typeof inventoryParticipant | typeof orderParticipant;

async function databaseOf(participant: Participant) {
  const database = await throwAwayDatabase();
  await migrate(database.url, participant);
  const dataSource = await new DataSource(eventLogDataSourceOptions(database.url, participant)).initialize();
  return { dataSource, drop: () => dataSource.destroy().then(() => database.drop()) };
}

let inventory: Awaited<ReturnType<typeof databaseOf>>;
let order: Awaited<ReturnType<typeof databaseOf>>;

beforeAll(async () => {
  [inventory, order] = await Promise.all([databaseOf(inventoryParticipant), databaseOf(orderParticipant)]);
  const round = new Round({ dataSource: inventory.dataSource, participant: inventoryParticipant });
  const cause = { correlationId: 'spec', causationId: 'spec' };
  await round.run([
    { kind: 'request', command: { type: 'Receive', sku: 'LAMP', quantity: 10_000 }, cause, answer: () => null },
  ]);
});
afterAll(() => Promise.all([inventory, order].map((database) => database.drop())));

/** The statements of everything that runs meanwhile, without their parameters. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const query = jest.spyOn(pg.Client.prototype, 'query');
  try {
    await work();
    return query.mock.calls.map(([statement]) =>
      (typeof statement === 'string' ? statement : (statement as unknown as { text: string }).text)
        .trim()
        .toLowerCase()
        .split(/\s+/)
        .slice(0, 3)
        .join(' '),
    );
  } finally {
    query.mockRestore();
  }
}

function placed(): DeliveryItem {
  const announced = fact('order.placed.v1', {
    orderId: uuidv7(),
    customerId: 'ada',
    currency: 'EUR',
    totalMinor: 1250,
    lines: [{ sku: 'LAMP', quantity: 1, unitMinor: 1250 }],
    paymentMethod: 'pm_card_visa',
  });
  const cause = { correlationId: uuidv7(), causationId: uuidv7() };
  const event = buildEvent('order', announced, { id: uuidv7(), time: new Date().toISOString(), ...cause, sequence: 1 });
  const body = Buffer.from(JSON.stringify(event));
  const content = { kind: 'event', event } as const;
  return {
    kind: 'delivery',
    messageId: event.id,
    key: event.subject,
    partition: 0,
    type: event.type,
    message: { body },
    content,
    cause,
  };
}

/** How often a statement was sent while none before it was unanswered. */
async function roundTripsOf(work: () => Promise<unknown>): Promise<number> {
  const original = pg.Client.prototype.query;
  let unanswered = 0;
  let roundTrips = 0;
  const query = jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...given) {
    if (unanswered++ === 0) roundTrips += 1;
    const answer = original.apply(this, given) as unknown as Promise<unknown>;
    const answered = () => (unanswered -= 1);
    answer.then(answered, answered);
    return answer as never;
  });
  try {
    await work();
    return roundTrips;
  } finally {
    query.mockRestore();
  }
}

async function reserve(orders: number): Promise<string[]> {
  const round = new Round({ dataSource: inventory.dataSource, participant: inventoryParticipant });
  const items = Array.from({ length: orders }, placed);
  return statementsOf(async () => {
    const outcomes = await round.run(items);
    expect(outcomes).toEqual(items.map(() => ({ kind: 'decided', events: 1 })));
  });
}

async function place(orders: number): Promise<string[]> {
  const round = new Round({ dataSource: order.dataSource, participant: orderParticipant });
  return statementsOf(() =>
    round.run(
      Array.from({ length: orders }, () => ({
        kind: 'request' as const,
        command: {
          type: 'Place' as const,
          orderId: uuidv7(),
          customerId: 'ada',
          currency: 'EUR',
          totalMinor: 1250,
          lines: [{ sku: 'LAMP', quantity: 1, unitMinor: 1250 }],
          paymentMethod: 'pm_card_visa',
          deadlineMs: 900_000,
        },
        idempotency: { scope: 'customer ada', key: uuidv7(), bodyHash: 'hash' },
        cause: { correlationId: 'spec', causationId: 'spec' },
        answer: () => null,
      })),
    ),
  );
}

it.each([
  ['reserving', reserve],
  ['placing', place],
])('%s a hundred orders takes the statements of one, in one transaction', async (_, batchOf) => {
  const one = await batchOf(1);
  const hundred = await batchOf(100);
  expect(hundred).toEqual(one);
  expect(hundred.filter((statement) => /^(begin|start transaction)/.test(statement))).toHaveLength(1);
  expect(hundred.filter((statement) => statement === 'commit')).toHaveLength(1);
});

it('a batch takes no more statements than these', async () => {
  // docs/performance.md lists them.
  expect(await reserve(100)).toHaveLength(12);
  expect(await place(100)).toHaveLength(11);
});

it.each([
  ['reserving', reserve],
  ['placing', place],
])('%s takes four round trips: begin, claim and load, save and append, commit', async (_, batchOf) => {
  expect(await roundTripsOf(() => batchOf(10))).toBe(4);
});
