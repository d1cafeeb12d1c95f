import { slotOf } from '@quadrille/contracts';
import { plantFailpoint, silentLogger, type Logger } from '@quadrille/observability';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { eventually } from '../test/eventually.js';
import { gate } from '../test/gate.js';
import type { Command, State } from '../test/participant.js';
import { TestPublisher } from '../test/publisher.js';
import { noteMessage, TestQueue } from '../test/queue.js';
import { replica, type TestEventLog } from '../test/replica.js';
import { suiteLogs } from '../test/suite-logs.js';
import { Machine } from './machine.js';

const { running, notesOf, database, undo } = suiteLogs();
let dataSource: DataSource;
beforeAll(() => {
  ({ dataSource } = database());
});

const cause = { correlationId: 'c', causationId: 'c' };

function send(log: TestEventLog, command: Command) {
  return log.commands.send(command, { cause, answer: (state) => state });
}

/** Sends rounds of notes to each order, to the queue of its partition; answers with what each must have noted, in order. */
function sendNotes(queues: readonly TestQueue[], orders: readonly string[], rounds: number): Map<string, string[]> {
  const sent = new Map(orders.map((order): [string, string[]] => [order, []]));
  for (let round = 0; round < rounds; round++)
    for (const order of orders) {
      const { id, body } = noteMessage(order);
      queues[slotOf(order) % queues.length]?.send(body);
      sent.get(order)?.push(id);
    }
  return sent;
}

async function expectNotes(sent: ReadonlyMap<string, readonly string[]>): Promise<void> {
  await eventually(async () => {
    const rows = await dataSource.query<{ order_id: string; state: State }[]>('select order_id, state from test_order');
    expect(new Map(rows.map(({ order_id, state }) => [order_id, state.notes]))).toEqual(sent);
  });
}

const orders = (count: number) => Array.from({ length: count }, () => randomUUID());

test('replicas share the partitions; when one leaves in the middle, nothing is lost, doubled or out of order', async () => {
  const queues = [0, 1, 2, 3].map(() => new TestQueue());
  const decided = new Map<string, number>();
  const onDecide = (command: Command) => {
    if (command.type === 'Note') decided.set(command.note, (decided.get(command.note) ?? 0) + 1);
  };
  const first = await running({ queues, onDecide });
  const second = await running({ queues, onDecide });
  await eventually(() => expect([first, second].map((log) => log.status().partitions.length)).toEqual([2, 2]));

  const ours = orders(20);
  const before = sendNotes(queues, ours, 20);
  await eventually(() => expect(decided.size).toBeGreaterThan(50));
  const leaving = first.stop();
  const after = sendNotes(queues, ours, 10);
  await leaving;

  await expectNotes(new Map(ours.map((order) => [order, [...(before.get(order) ?? []), ...(after.get(order) ?? [])]])));
  expect(second.status().partitions).toEqual([0, 1, 2, 3]);
  await eventually(() => expect(queues.map(({ length }) => length)).toEqual([0, 0, 0, 0]));
  expect(first.status().partitions).toEqual([]);
});

test('an owner whose lease was taken commits nothing, acknowledges nothing, and begins anew with a new lease', async () => {
  const queue = new TestQueue();
  const atHandling = gate();
  const mayHandle = gate();
  let decisions = 0;
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message), child: () => logger };
  // Renewals are far apart, so that the round has to notice.
  const timing = { leaseMs: 60_000 };
  const log = await running({ queues: [queue], onDecide: () => decisions++, logger, timing });
  await eventually(() => expect(queue.isConsumed).toBe(true));
  const unplant = plantFailpoint('consumer.handling', () => (atHandling.open(), mayHandle.opened));
  undo.push(unplant);

  const order = randomUUID();
  const { id, body } = noteMessage(order);
  queue.send(body);
  await atHandling.opened;
  await dataSource.query(
    `update partition_lease set owner = 'thief', epoch = epoch + 1, expires_at = now() + interval '1 hour'`,
  );
  mayHandle.open();

  await eventually(() =>
    expect(warnings).toContainEqual(expect.stringContaining('dropped without an acknowledgement')),
  );
  await eventually(() => expect(log.status().partitions).toEqual([]));
  await eventually(() => expect(queue.isConsumed).toBe(false));
  expect([decisions, queue.length]).toEqual([0, 1]);

  unplant();
  await dataSource.query('update partition_lease set owner = null, expires_at = null');
  await dataSource.query(`select pg_notify('quadrille', 'leases')`);
  await eventually(async () => expect(await notesOf(order)).toEqual([id]));
  await eventually(() => expect(queue.length).toBe(0));
});

test('garbage is set aside alone, and the queue flows on', async () => {
  const queue = new TestQueue();
  await running({ queues: [queue] });
  const order = randomUUID();
  const { id, body } = noteMessage(order);
  queue.send('not json');
  queue.send(body);
  queue.send('{}');

  await eventually(async () => expect(await notesOf(order)).toEqual([id]));
  await eventually(() => expect(queue.length).toBe(0));
  expect(queue.setAside).toEqual([expect.stringMatching(/^not_json/), expect.stringMatching(/^invalid_envelope/)]);
});

test('garbage that cannot be set aside now keeps nobody back who came before it', async () => {
  const queue = new TestQueue();
  queue.isBlocked = true;
  const order = randomUUID();
  const { id, body } = noteMessage(order);
  queue.send(body);
  queue.send('not json');
  await running({ queues: [queue] });
  await eventually(async () => expect(await notesOf(order)).toEqual([id]));
  await eventually(() => expect(queue.length).toBe(1));
  // At its first delivery, and not when it had come again and again with the garbage behind it.
  expect(queue.taken.filter((taken) => Buffer.from(taken.body).equals(Buffer.from(body)))).toHaveLength(1);
  queue.isBlocked = false;
  await eventually(() => expect(queue.length).toBe(0));
});

test('a message that came again is handled alone, its attempt committed before and forgotten after', async () => {
  const queue = new TestQueue();
  const [order, other] = orders(2) as [string, string];
  const { id, body } = noteMessage(order);
  queue.send(noteMessage(other).body);
  queue.send(body, 2);
  queue.send(noteMessage(other).body);
  const counted: unknown[] = [];
  const attempts = () => dataSource.query<unknown[]>('select message_id, attempts from delivery_attempt');
  undo.push(plantFailpoint('consumer.handling', async () => void counted.push(await attempts())));
  await running({ queues: [queue] });

  await eventually(async () => expect(await notesOf(order)).toEqual([id]));
  await eventually(() => expect(queue.length).toBe(0));
  expect(counted).toEqual([[], [{ message_id: id, attempts: 1 }], []]);
  await eventually(async () => expect(await attempts()).toEqual([]));
});

test('a message that ended the process again and again becomes a dead letter, its key is held, other keys pass', async () => {
  const queue = new TestQueue();
  const [order, other] = orders(2) as [string, string];
  const crashing = noteMessage(order);
  const later = noteMessage(order);
  const fine = noteMessage(other);
  await dataSource.query('insert into delivery_attempt (message_id, attempts) values ($1, 3)', [crashing.id]);
  queue.send(crashing.body, 3);
  queue.send(later.body);
  queue.send(fine.body);
  const log = await running({ queues: [queue] });

  await eventually(async () => expect(await notesOf(other)).toEqual([fine.id]));
  await eventually(() => expect(queue.length).toBe(0));
  expect(await notesOf(order)).toEqual([]);
  const { items } = await log.deadLetters.list();
  expect(items).toMatchObject([
    { key: order, code: 'crashed', status: 'dead' },
    { key: order, status: 'waiting' },
  ]);
});

test('when most keys fail alike consuming pauses, and goes on when the fault is over', async () => {
  const queue = new TestQueue();
  let broken = true;
  const onDecide = () => {
    if (broken) throw new TypeError('a bug in the decider');
  };
  const sent = sendNotes([queue], orders(200), 1);
  const log = await running({
    queues: [queue],
    onDecide,
    timing: { brakeMs: 200, brakeMaxMs: 400 },
    retry: { attemptsMax: 1000, delayMaxMs: 500 },
  });

  await eventually(() => expect(log.status().consumingPaused).toBe(true));
  const held = await dataSource.query<unknown[]>('select 1 from held_message');
  expect(held.length).toBeLessThan(100);
  expect(queue.length).toBeGreaterThan(100);

  broken = false;
  await expectNotes(sent);
  expect(log.status().consumingPaused).toBe(false);
});

test('without a database the deliveries are kept, then the channel is closed; when it is back all goes on', async () => {
  const queue = new TestQueue();
  const log = await running({ queues: [queue], timing: { databaseAwayMs: 300 } });
  await eventually(() => expect(queue.isConsumed).toBe(true));
  const name = new URL(database().url).pathname.slice(1);
  const admin = await database().openAdmin();
  await admin.query(`alter database ${name} with allow_connections false`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);

  const order = randomUUID();
  const { id, body } = noteMessage(order);
  queue.send(body);
  await eventually(() => expect(log.status().databaseAwayMs).toBeGreaterThan(0));
  await eventually(() => expect(queue.isConsumed).toBe(false));
  expect(queue.length).toBe(1);

  await admin.query(`alter database ${name} with allow_connections true`);
  await eventually(async () => expect(await notesOf(order)).toEqual([id]));
  expect(log.status().databaseAwayMs).toBeUndefined();
});

test('a broker connection that breaks is opened again', async () => {
  const queue = new TestQueue();
  await running({ queues: [queue] });
  const order = randomUUID();
  await eventually(() => expect(queue.isConsumed).toBe(true));
  queue.cut();
  const { id, body } = noteMessage(order);
  queue.send(body);
  await eventually(async () => expect(await notesOf(order)).toEqual([id]));
});

test('a database that has come back to say that the lease is lost is not away', async () => {
  const queue = new TestQueue();
  const log = await running({ queues: [queue], timing: { leaseMs: 60_000 } });
  await eventually(() => expect(queue.isConsumed).toBe(true));
  const isAway = Object.assign(new Error('terminating connection'), { code: '57P01' });
  const unplant = plantFailpoint('round.committing', () => Promise.reject(isAway));
  undo.push(unplant);
  queue.send(noteMessage(randomUUID()).body);
  await eventually(() => expect(log.status().databaseAwayMs).toBeGreaterThan(0));
  await dataSource.query(`update partition_lease set owner = 'thief', epoch = epoch + 1`);
  unplant();
  await eventually(() => expect(log.status().partitions).toEqual([]));
  await eventually(() => expect(log.status().databaseAwayMs).toBeUndefined());
});

test('held messages of a partition that is no more are retried by the owner of their key', async () => {
  const queues = [new TestQueue(), new TestQueue()];
  const order = randomUUID();
  const { id, body } = noteMessage(order);
  await dataSource.query(
    `insert into held_message (key, partition, kind, message_id, type, body, status, code, reason, correlation_id,
       causation_id, next_at)
     values ($1, 7, 'message', $2, 'payment.declined.v1', $3, 'retrying', '', '', 'c', 'c', now())`,
    [order, id, Buffer.from(body)],
  );
  await running({ queues });
  await eventually(async () => expect(await notesOf(order)).toEqual([id]));
});

test('a commit wakes the relay of its own process and of others, long before they poll', async () => {
  const timing = { relayPollMs: 600_000 };
  const publisher = new TestPublisher(() => 'confirm');
  const door = await running({ roles: new Set(['http']), timing });
  const relay = await running({ roles: new Set(['relay']), timing, publisher });
  await eventually(() => expect(relay.status().relayActive).toBe(true));

  await eventually(async () => {
    // A notification may be lost while a connection is still being made.
    await send(door, { type: 'Open', orderId: randomUUID() });
    expect(publisher.sent.length).toBeGreaterThan(0);
  });
  const { length } = publisher.sent;
  const orderId = randomUUID();
  await send(door, { type: 'Open', orderId });
  await eventually(() => expect(publisher.sent.slice(length).map(({ subject }) => subject)).toContain(orderId));
});

test('a listener to commits that throws is not taken for a failure of the commit: what was decided is decided once', async () => {
  const log = await running({ roles: new Set(['http']) });
  let told = 0;
  log.onEvents(() => {
    told += 1;
    throw new Error('a listener that fails');
  });
  const orderId = randomUUID();
  await send(log, { type: 'Open', orderId });
  const before = told;
  await expect(send(log, { type: 'Note', orderId, note: 'once' })).resolves.toMatchObject({ events: 1 });
  expect(told).toBe(before + 1);
  expect(await notesOf(orderId)).toEqual(['once']);
});

test('a deadline fires once, however many replicas look at it', async () => {
  const fired: string[] = [];
  const onDecide = ({ type, orderId }: Command) => void (type === 'Expire' && fired.push(orderId));
  const roles = new Set(['http', 'work'] as const);
  const [first] = [await running({ roles, onDecide }), await running({ roles, onDecide })];
  const ours = orders(30);
  const dueAt = new Date(Date.now() + 300).toISOString();
  await Promise.all(ours.map((orderId) => send(first, { type: 'Open', orderId, dueAt })));

  await eventually(async () => expect(await dataSource.query('select 1 from agenda')).toEqual([]));
  expect(fired.sort()).toEqual([...ours].sort());
  const ended = `select count(*)::int as count from log where type = 'Expired'`;
  expect(await dataSource.query(ended)).toEqual([{ count: 30 }]);
});

test('a deadline that cannot be decided becomes a dead letter, and its replay brings the deadline back', async () => {
  let broken = true;
  const onDecide = ({ type }: Command) => {
    if (type === 'Expire' && broken) throw new Error('a bug');
  };
  const log = await running({ roles: new Set(['http', 'work']), onDecide });
  const orderId = randomUUID();
  await send(log, { type: 'Open', orderId, dueAt: new Date().toISOString() });

  await eventually(async () =>
    expect((await log.deadLetters.list()).items).toMatchObject([{ key: orderId, kind: 'wake-up', status: 'dead' }]),
  );
  broken = false;
  const [letter] = (await log.deadLetters.list()).items;
  await log.deadLetters.replay(letter?.id ?? '', { by: 'tester' });
  await eventually(async () => expect(await dataSource.query('select 1 from agenda')).toEqual([]));
  await eventually(async () => expect((await log.deadLetters.list()).items).toEqual([]));
});

test('an event log whose database was away at its start is started again, and works', async () => {
  const queue = new TestQueue();
  const log = replica(database(), { queues: [queue] });
  undo.push(() => log.stop());
  const away = 'alter table held_message rename to held_message_away';
  await dataSource.query(away);
  undo.push(() => dataSource.query('alter table if exists held_message_away rename to held_message'));

  await expect(log.start()).rejects.toThrow('held_message');
  await dataSource.query('alter table held_message_away rename to held_message');
  await log.start();

  await expectNotes(sendNotes([queue], orders(1), 1));
});

test('how long is rested behind a round goes by how full this machine is', async () => {
  const isFull = jest.spyOn(Machine.prototype, 'isFull', 'get');
  undo.push(() => isFull.mockRestore());
  const log = await running({ queues: [new TestQueue()] });
  await send(log, { type: 'Open', orderId: randomUUID() });
  await eventually(() => expect(isFull).toHaveBeenCalled());
});
