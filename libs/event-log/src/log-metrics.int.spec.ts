import { Registry } from '@quadrille/observability';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import { TestPublisher } from '../test/publisher.js';
import { noteMessage, TestQueue } from '../test/queue.js';
import { replica, type TestEventLog } from '../test/replica.js';

let database: TestDatabase;
let dataSource: DataSource;
let log: TestEventLog | undefined;

beforeAll(async () => {
  database = await testDatabase();
  ({ dataSource } = database);
});

afterEach(() => log?.stop());
afterAll(() => database.drop());

test('what is behind, held, dead and open is on the registry', async () => {
  const registry = new Registry();
  const queue = new TestQueue();
  const publisher = new TestPublisher(() => 'reject');
  log = replica(database, {
    queues: [queue],
    registry,
    publisher,
    onDecide: ({ type }) => {
      if (type === 'Note') throw new Error('broken');
    },
    timing: { metricsMs: 20 },
  });
  await log.start();
  const gate = log.commands;
  const open = (more: object) =>
    gate.send(
      { type: 'Open', orderId: randomUUID(), ...more },
      { cause: { correlationId: 'c', causationId: 'c' }, answer: () => null },
    );
  await open({ task: 'charge' });
  await open({ task: 'charge' });
  await open({ dueAt: new Date(Date.now() + 3_600_000).toISOString() });
  queue.send(noteMessage(randomUUID()).body);
  queue.send('garbage');
  await dataSource.query(
    `insert into held_message (key, kind, type, body, status, code, reason, correlation_id, causation_id, first_at)
     values ('k', 'wake-up', 'deadline', '', 'dead', 'failed', '', 'c', 'c', now() - interval '1 hour'),
       ('k', 'wake-up', 'deadline', '', 'waiting', 'key_held', '', 'c', 'c', now() - interval '2 hours')`,
  );

  const text = () => registry.metrics();
  await eventually(async () => expect(await text()).toMatch(/^quadrille_held_keys 2$/m));
  await eventually(async () => expect(await text()).toMatch(/^quadrille_relay_lag_events 3$/m));
  await eventually(async () => expect(await text()).toMatch(/^quadrille_relay_lag_seconds (0\.\d|[1-9])/m));
  expect(await text()).toMatch(/^quadrille_dead_letters 1$/m);
  expect(await text()).toMatch(/^quadrille_held_oldest_seconds 7[23]\d\d/m);
  expect(await text()).toMatch(/^quadrille_dead_letters_oldest_seconds 3[67]\d\d/m);
  expect(await text()).toMatch(/^quadrille_deadlines 1$/m);
  expect(await text()).toMatch(/^quadrille_tasks\{task="charge"\} 2$/m);
  expect(await text()).toMatch(/^quadrille_owned_partitions 1$/m);
  expect(await text()).toMatch(/^quadrille_relay_active 1$/m);
  expect(await text()).toMatch(/^quadrille_consuming_paused 0$/m);
  expect(await text()).toMatch(/^quadrille_relay_retried_total\{failure="unconfirmed"\} [1-9]/m);
  expect(await text()).toMatch(/^quadrille_consumer_batch_size_count 1$/m);
});
