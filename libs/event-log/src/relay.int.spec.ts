import { plantFailpoint, Registry, silentLogger, type Logger } from '@quadrille/observability';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import { appendRows, type Row } from '../test/log-rows.js';
import { testParticipant } from '../test/participant.js';
import { TestPublisher } from '../test/publisher.js';
import { LogSignal } from './log-signal.js';
import type { LoggedEvent } from './log.js';
import { Relay, type RelayLimits } from './relay.js';
import { RelayLease } from './relay-lease.js';
import { pauseRelays, resumeRelays } from './relay-pause.js';
import { defaultTiming } from './timing.js';

const timing = { ...defaultTiming, leaseMs: 1500, relayPollMs: 100, retryMs: 20, retryMaxMs: 200 };
let database: TestDatabase;
let dataSource: DataSource;
let signal: LogSignal;
let relays: Relay[] = [];
let publishers: TestPublisher[] = [];

beforeAll(async () => {
  database = await testDatabase();
  ({ dataSource } = database);
});

beforeEach(() => {
  signal = new LogSignal(dataSource, silentLogger);
});

afterEach(async () => {
  const stopped = relays.map((relay) => relay.stop());
  for (const publisher of publishers) publisher.close();
  await Promise.all(stopped);
  relays = [];
  publishers = [];
  await database.reset();
});

afterAll(() => database.drop());

interface Options {
  readonly source?: DataSource;
  readonly limits?: Partial<RelayLimits>;
  readonly relayPollMs?: number;
  readonly logger?: Logger;
}

function relay(publisher: TestPublisher, options: Options = {}): Relay {
  const started = new Relay({
    dataSource: options.source ?? dataSource,
    participant: testParticipant(),
    replicaId: randomUUID(),
    publisher,
    signal,
    logger: options.logger ?? silentLogger,
    registry: new Registry(),
    timing: { ...timing, relayPollMs: options.relayPollMs ?? timing.relayPollMs },
    limits: options.limits ?? {},
  });
  relays.push(started);
  publishers.push(publisher);
  started.start();
  return started;
}

const opened = (orderId: string): Row => ({ version: 1, event: { type: 'Opened', orderId } });
const noted = (orderId: string, version = 2): Row => ({ version, event: { type: 'Noted', orderId, note: '' } });
const confirmed = (orderId: string, version = 3): Row => ({ version, event: { type: 'Confirmed', orderId } });

/** As a round of this process says it after its commit. */
function logged({ version, event }: Row, position: number, id: string = randomUUID()): LoggedEvent {
  const recordedAt = new Date().toISOString();
  const cause = { correlationId: 'c', causationId: 'c' };
  return { position, stream: `order-${event.orderId}`, version, id, event, recordedAt, cause };
}

/** Active, and waiting for news: it does not poll while a test runs. */
async function waitingRelay(publisher: TestPublisher): Promise<Relay> {
  const waiting = relay(publisher, { relayPollMs: 600_000 });
  await eventually(() => expect(waiting.active).toBe(true));
  return waiting;
}

async function checkpoint(): Promise<number> {
  const [row] = await dataSource.query<{ position: string }[]>('select position from relay');
  return Number(row?.position);
}

const idsOf = (publisher: TestPublisher) => publisher.sent.map(({ id }) => id);

test('what the log says is published with its row id, in the order of each stream; silent events are passed over', async () => {
  const [order, other] = [randomUUID(), randomUUID()];
  const ids = await appendRows(dataSource, [
    opened(order),
    noted(order),
    opened(other),
    confirmed(order),
    noted(other),
  ]);
  const publisher = new TestPublisher(() => 'confirm');
  relay(publisher);

  await eventually(async () => expect(await checkpoint()).toBe(5));
  expect(new Set(idsOf(publisher))).toEqual(new Set([ids[0], ids[2], ids[3]]));
  expect(publisher.sent.filter(({ subject }) => subject === order).map(({ sequence }) => sequence)).toEqual([1, 3]);
});

test('one unconfirmed event per subject, many subjects at a time; confirms may come in any order', async () => {
  const orders = Array.from({ length: 20 }, () => randomUUID());
  await appendRows(dataSource, [...orders.map(opened), ...orders.map((order) => confirmed(order, 2))]);
  const publisher = new TestPublisher();
  relay(publisher);

  await eventually(() => expect(publisher.inFlight).toHaveLength(20));
  expect(publisher.sent.map(({ sequence }) => sequence)).toEqual(orders.map(() => 1));

  for (const { confirm } of [...publisher.inFlight].slice(1).reverse()) confirm();
  await eventually(() => expect(publisher.sent.filter(({ sequence }) => sequence === 2)).toHaveLength(19));
  // The first row is not confirmed, and all the others do not help it.
  for (const { event, confirm } of [...publisher.inFlight]) if (event.sequence === 2) confirm();
  await eventually(() => expect(publisher.inFlight).toHaveLength(1));
  expect(await checkpoint()).toBe(0);

  publisher.inFlight[0]?.confirm();
  await eventually(() => expect(publisher.inFlight.map(({ event }) => event.sequence)).toEqual([2]));
  publisher.inFlight[0]?.confirm();
  await eventually(async () => expect(await checkpoint()).toBe(40));
});

test('a rejection means unknown: the same event comes again, its subject waits, the others go on', async () => {
  const [stuck, free] = [randomUUID(), randomUUID()];
  const [id] = await appendRows(dataSource, [opened(stuck), opened(free), confirmed(stuck, 2), confirmed(free, 2)]);
  let rejecting = true;
  const publisher = new TestPublisher(({ subject }) => (subject === stuck && rejecting ? 'reject' : 'confirm'));
  relay(publisher);

  const ofStuck = () => publisher.sent.filter(({ subject }) => subject === stuck);
  await eventually(() => expect(ofStuck().length).toBeGreaterThan(3));
  expect(new Set(ofStuck().map((event) => event.id))).toEqual(new Set([id]));
  expect(publisher.sent.filter(({ subject }) => subject === free)).toHaveLength(2);
  expect(await checkpoint()).toBe(0);

  rejecting = false;
  await eventually(async () => expect(await checkpoint()).toBe(4));
  expect(ofStuck().at(-1)?.sequence).toBe(2);
});

test('a row that does not fit its contract stops its subject, loudly, and is never passed over', async () => {
  const fine = randomUUID();
  await appendRows(dataSource, [opened('not-a-uuid'), opened(fine), confirmed('not-a-uuid', 2)]);
  const publisher = new TestPublisher(() => 'confirm');
  relay(publisher);

  await eventually(() => expect(publisher.sent.map(({ subject }) => subject)).toEqual([fine]));
  await appendRows(dataSource, [confirmed(fine, 2)]);
  await eventually(() => expect(publisher.sent).toHaveLength(2));
  expect(await checkpoint()).toBe(0);
});

test('a writer that commits late is not skipped', async () => {
  const [slow, quick] = [randomUUID(), randomUUID()];
  const publisher = new TestPublisher(() => 'confirm');
  relay(publisher);
  let commit: () => void = () => undefined;
  const mayCommit = new Promise<void>((resolve) => (commit = resolve));
  let holdsLock: () => void = () => undefined;
  const locked = new Promise<void>((resolve) => (holdsLock = resolve));

  const late = appendRows(dataSource, [opened(slow)], () => (holdsLock(), mayCommit));
  await locked;
  const early = appendRows(dataSource, [opened(quick)]);
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted`;
  await eventually(async () => expect((await dataSource.query<unknown[]>(waiting)).length).toBeGreaterThan(0));
  commit();
  await Promise.all([late, early]);

  await eventually(() => expect(publisher.sent.map(({ subject }) => subject)).toEqual([slow, quick]));
});

test('when the active relay vanishes, its standby takes over: it may repeat, it skips nothing', async () => {
  const orders = Array.from({ length: 10 }, () => randomUUID());
  await appendRows(dataSource, orders.map(opened));
  const vanishing = await database.open();
  const before = new TestPublisher(({ subject }) => (subject === orders[4] ? undefined : 'confirm'));
  const active = relay(before, { source: vanishing });
  await eventually(async () => expect(await checkpoint()).toBe(4));

  const after = new TestPublisher(() => 'confirm');
  const standby = relay(after);
  expect([active.active, standby.active]).toEqual([true, false]);
  await vanishing.destroy();

  await eventually(async () => expect(await checkpoint()).toBe(10));
  expect(after.sent.map(({ subject }) => subject)).toEqual(orders.slice(4));
  // The late confirm of the one that is out of office moves nothing and publishes nothing.
  const { length } = before.sent;
  before.inFlight[0]?.confirm();
  await eventually(() => expect(active.active).toBe(false));
  expect(before.sent).toHaveLength(length);
});

test('a lease that is held is not given to a second relay, and goes on with its checkpoint when it is free', async () => {
  const holder = new RelayLease(dataSource, 'holder', 60_000);
  const standby = new RelayLease(dataSource, 'standby', 60_000);
  expect(await holder.acquire()).toBe(0);
  expect(await standby.acquire()).toBeUndefined();
  expect(await holder.renew(5)).toBe(true);
  await holder.release();
  expect(await standby.acquire()).toBe(5);
});

test('a relay that slept through its lease knows it at once, and moves no checkpoint', async () => {
  const sleeper = new RelayLease(dataSource, 'sleeper', 200);
  expect(await sleeper.acquire()).toBe(0);
  const heir = new RelayLease(dataSource, 'heir', 60_000);
  await eventually(async () => expect(await heir.acquire()).toBe(0));

  expect(sleeper.held).toBe(false);
  expect(await sleeper.renew(7)).toBe(false);
  expect(await checkpoint()).toBe(0);
  await sleeper.release();
  expect(await heir.renew(3)).toBe(true);
  expect(await heir.renew(2)).toBe(true);
  expect(await checkpoint()).toBe(3);
});

test('a subject that stands still bounds how far the others run ahead', async () => {
  const stuck = randomUUID();
  await appendRows(dataSource, [opened(stuck), ...Array.from({ length: 200 }, () => opened(randomUUID()))]);
  const publisher = new TestPublisher(({ subject }) => (subject === stuck ? undefined : 'confirm'));
  relay(publisher, { limits: { readMax: 10, spanMax: 50 } });

  await eventually(() => expect(publisher.sent.length).toBeGreaterThanOrEqual(50));
  expect(publisher.sent.length).toBeLessThanOrEqual(60);
  publisher.inFlight[0]?.confirm();
  await eventually(async () => expect(await checkpoint()).toBe(201));
});

test('stopping waits for the confirms in flight, moves the checkpoint, and leaves the lease to the next', async () => {
  const order = randomUUID();
  await appendRows(dataSource, [opened(order), confirmed(order, 2)]);
  const publisher = new TestPublisher();
  const stopping = relay(publisher);
  await eventually(() => expect(publisher.inFlight).toHaveLength(1));

  // The checkpoint that the confirm calls for fails, so that it is the stop's own that counts.
  let passes = 0;
  const unplant = plantFailpoint('relay.checkpointing', () => {
    if (passes++ === 0) throw new Error('not now');
  });
  const stopped = stopping.stop();
  publisher.inFlight[0]?.confirm();
  await stopped;
  unplant();
  expect(publisher.sent).toHaveLength(1);
  expect(await dataSource.query('select position, owner from relay')).toEqual([{ position: '1', owner: null }]);
});

test('paused relays let the log absorb: pausing waits for what is in flight, and after it nothing is sent', async () => {
  const [order, later] = [randomUUID(), randomUUID()];
  await appendRows(dataSource, [opened(order), confirmed(order, 2)]);
  const publisher = new TestPublisher();
  const active = relay(publisher);
  const standby = relay(publisher);
  await eventually(() => expect(publisher.inFlight).toHaveLength(1));

  let isPaused = false;
  const paused = pauseRelays(dataSource).then(() => (isPaused = true));
  // Longer than a lease: what is in flight keeps it.
  const end = performance.now() + 1.5 * timing.leaseMs;
  await eventually(() => expect(performance.now()).toBeGreaterThan(end));
  expect(isPaused).toBe(false);
  publisher.inFlight[0]?.confirm();
  await paused;
  await appendRows(dataSource, [opened(later)]);
  expect([active.active, standby.active, publisher.sent.length]).toEqual([false, false, 1]);
  expect(await checkpoint()).toBe(1);

  await resumeRelays(dataSource);
  await eventually(() => expect(publisher.inFlight).toHaveLength(2));
});

test('a relay that was told to go on while it drained goes on', async () => {
  const [order, later] = [randomUUID(), randomUUID()];
  await appendRows(dataSource, [opened(order)]);
  const publisher = new TestPublisher();
  const said: string[] = [];
  const logger: Logger = { ...silentLogger, info: (_, message) => said.push(message), child: () => logger };
  relay(publisher, { logger });
  await eventually(() => expect(publisher.inFlight).toHaveLength(1));
  await dataSource.query('update relay set paused = true');
  await eventually(() => expect(said).toContainEqual(expect.stringContaining('relays are paused')));
  await appendRows(dataSource, [opened(later)]);
  await resumeRelays(dataSource);
  publisher.inFlight[0]?.confirm();
  await eventually(() => expect(publisher.sent).toHaveLength(2));
});

test('what a round of this process committed right behind what was read last is published without being read', async () => {
  const [order, other] = [randomUUID(), randomUUID()];
  const publisher = new TestPublisher(() => 'confirm');
  const active = await waitingRelay(publisher);
  // None of these is in the log, so that whatever is published of them was not read.
  const first = [logged(opened(order), 1), logged(noted(order), 2), logged(opened(other), 3)];
  const second = [logged(confirmed(order), 4)];
  active.committed(first);
  active.committed(second);

  await eventually(async () => expect(await checkpoint()).toBe(4));
  expect(idsOf(publisher)).toEqual([first[0]?.id, first[2]?.id, second[0]?.id]);
});

test('what was committed behind a row of another replica is read together with it, each once and in order', async () => {
  const order = randomUUID();
  const publisher = new TestPublisher(() => 'confirm');
  const active = await waitingRelay(publisher);
  const [theirs] = await appendRows(dataSource, [opened(order)]);
  const [ours] = await appendRows(dataSource, [confirmed(order, 2)]);
  active.committed([logged(confirmed(order, 2), 2, ours)]);

  await eventually(async () => expect(await checkpoint()).toBe(2));
  expect(idsOf(publisher)).toEqual([theirs, ours]);
});

test('what was committed while the log is read is not published again when it has been read', async () => {
  const order = randomUUID();
  const publisher = new TestPublisher(() => 'confirm');
  const active = await waitingRelay(publisher);
  let commit: () => void = () => undefined;
  const mayCommit = new Promise<void>((resolve) => (commit = resolve));
  let closesLog: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (closesLog = resolve));
  // Nobody reads the log until both rows are in it.
  const appended = appendRows(dataSource, [opened(order), confirmed(order, 2)], async (tx) => {
    await tx.query('lock table log in access exclusive mode');
    closesLog();
    await mayCommit;
  });
  await closed;
  active.committed([logged(confirmed(order, 2), 2)]);
  const reading = `select 1 from pg_locks where relation = 'log'::regclass and not granted`;
  await eventually(async () => expect(await dataSource.query<unknown[]>(reading)).not.toEqual([]));

  active.committed([logged(opened(order), 1)]);
  await eventually(() => expect(publisher.sent).toHaveLength(1));
  commit();
  await appended;
  await eventually(async () => expect(await checkpoint()).toBe(2));
  expect(publisher.sent.map(({ sequence }) => sequence)).toEqual([1, 2]);
});

test('a relay that is not active leaves what was committed here to the one that is', async () => {
  const order = randomUUID();
  const [first, second] = [new TestPublisher(() => 'confirm'), new TestPublisher(() => 'confirm')];
  await waitingRelay(first);
  const standby = relay(second, { relayPollMs: 600_000 });
  standby.committed([logged(opened(order), 1)]);
  await appendRows(dataSource, [opened(order)]);
  const other = await database.open();
  // Another process tells that there is news.
  const teller = new LogSignal(other, silentLogger);
  teller.start();
  signal.start();
  await eventually(() => {
    teller.raise('log');
    expect(first.sent).toHaveLength(1);
  });
  expect(second.sent).toEqual([]);
  await Promise.all([teller.stop(), signal.stop()]);
});
