import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import { gate } from '../test/gate.js';
import type { Command } from '../test/participant.js';
import { replica, type ReplicaOptions, type TestEventLog } from '../test/replica.js';
import { logLock } from './log.js';
import type { Task, TaskResult } from './task-worker.js';

type Perform = (task: Task) => TaskResult<Command> | Promise<TaskResult<Command>>;

let database: TestDatabase;
let dataSource: DataSource;
let running: TestEventLog[] = [];

beforeAll(async () => {
  database = await testDatabase();
  ({ dataSource } = database);
});

afterEach(async () => {
  await Promise.all(running.map((log) => log.stop()));
  running = [];
  await dataSource.query('truncate agenda, held_message');
});

afterAll(() => database.drop());

async function worker(perform: Perform, options: ReplicaOptions = {}): Promise<TestEventLog> {
  const log = replica(database, {
    roles: new Set(['http', 'work']),
    worker: { perform: async (task) => perform(task) },
    ...options,
  });
  running.push(log);
  await log.start();
  return log;
}

async function ask(log: TestEventLog, task = 'charge'): Promise<string> {
  const orderId = randomUUID();
  await log.commands.send(
    { type: 'Open', orderId, task },
    { cause: { correlationId: 'c', causationId: 'c' }, answer: () => null },
  );
  return orderId;
}

function note({ stream }: Task): Command {
  return { type: 'Note', orderId: stream.slice('order-'.length), note: 'a step' };
}

/** Refers to another task, so that it changes nothing. */
function finishOther({ stream }: Task): Command {
  return { type: 'Finish', orderId: stream.slice('order-'.length), task: 'another' };
}

function finish({ stream, task }: Task): TaskResult<Command> {
  return { kind: 'answer', command: { type: 'Finish', orderId: stream.slice('order-'.length), task } };
}

const agenda = () => dataSource.query<{ attempts: number; claimed_by: string | null }[]>('select * from agenda');
const waitingForLog = async () =>
  (
    await dataSource.query<unknown[]>(
      `select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
    )
  ).length;
const listening = () =>
  dataSource.query<unknown[]>(
    `select from pg_stat_activity where datname = current_database() and state = 'idle' and query like 'select pg_notify%'`,
  );
const isDone = () => eventually(async () => expect(await agenda()).toEqual([]));

test('each task is done by one of the replicas, outside any transaction, and its answer ends it', async () => {
  const performed: string[] = [];
  const perform: Perform = (task) => {
    performed.push(task.stream);
    return finish(task);
  };
  const [log] = [await worker(perform), await worker(perform)];
  const orders = await Promise.all(Array.from({ length: 60 }, () => ask(log)));
  await isDone();
  expect(performed.sort()).toEqual(orders.map((order) => `order-${order}`).sort());
});

test('answers that come together are committed together', async () => {
  const together = 5;
  let begun = 0;
  const { opened: all, open: answerAll } = gate();
  const log = await worker(async (task) => {
    if (++begun === together) answerAll();
    await all;
    return finish(task);
  });
  const orders = await Promise.all(Array.from({ length: together }, () => ask(log)));
  await isDone();

  // Rows of one transaction have the same xmin.
  const answers = await dataSource.query<{ xmin: string }[]>(
    'select xmin::text from log where stream = any ($1) and version = 2',
    [orders.map((id) => `order-${id}`)],
  );
  expect(answers).toHaveLength(together);
  expect(new Set(answers.map(({ xmin }) => xmin)).size).toBe(1);
});

test('a commit wakes the worker, long before it polls', async () => {
  const log = await worker(finish, { timing: { agendaPollMs: 600_000 } });
  await ask(log);
  await isDone();
});

/** Long enough that whatever is done is done because somebody woke the loop. */
const patient = { timing: { agendaPollMs: 600_000 } };

test('more tasks than a replica does at once are begun as soon as others end', async () => {
  const [most, more] = [128, 40];
  let begun = 0;
  const { opened: busy, open: answerAll } = gate();
  const log = await worker(async (task) => {
    if (++begun === most) answerAll();
    await busy;
    return finish(task);
  }, patient);
  await Promise.all(Array.from({ length: most + more }, () => ask(log)));
  await isDone();
  expect(begun).toBe(most + more);
});

test('the next task of a stream that came in the round of the answer to the one before is begun at once', async () => {
  const performed: string[] = [];
  const { opened: begun, open: begin } = gate();
  const { opened: answered, open: answer } = gate();
  const log = await worker(async (task) => {
    performed.push(task.task);
    begin();
    await answered;
    return finish(task);
  }, patient);
  const orderId = await ask(log);
  await begun;
  const other = dataSource.createQueryRunner();
  await other.startTransaction();
  await other.query('select pg_advisory_xact_lock($1)', [logLock]);
  // While this one waits for the log, the answer and the next task gather behind it.
  const ahead = ask(log, 'nobody');
  await eventually(async () => expect(await waitingForLog()).toBe(1));
  answer();
  await sleep(0);
  const next = log.commands.send(
    { type: 'Open', orderId, task: 'refund' },
    { cause: { correlationId: 'c', causationId: 'c' }, answer: () => null },
  );
  await other.commitTransaction();
  await other.release();
  await Promise.all([ahead, next]);
  await isDone();
  expect(performed.filter((task) => task !== 'nobody')).toEqual(['charge', 'refund']);
  const [row] = await dataSource.query<{ rounds: number }[]>(
    'select count(distinct xmin::text)::int as rounds from log where stream = $1 and version in (2, 3)',
    [`order-${orderId}`],
  );
  expect(row).toEqual({ rounds: 1 });
});

test('a task that is over costs the database nothing after its answer', async () => {
  const log = await worker(finish, patient);
  // A process that begins to listen looks for what it has missed.
  await eventually(async () => expect(await listening()).toHaveLength(1));
  await ask(log);
  await isDone();
  const query = jest.spyOn(pg.Client.prototype, 'query');
  await ask(log);
  await isDone();
  await log.stop();
  const statements = query.mock.calls.map(([statement]) => (statement as unknown as { text?: string }).text ?? '');
  query.mockRestore();
  expect(statements.filter((text) => text.startsWith('update agenda set claimed_by'))).toHaveLength(1);
});

test('a task that is not possible now, or throws, is done again and knows how often it was tried', async () => {
  const attempts: number[] = [];
  const log = await worker((task) => {
    attempts.push(task.attempts);
    if (task.attempts === 0) return { kind: 'again', reason: 'not yet', delayMs: 10 };
    if (task.attempts === 1) throw new Error('the provider is away');
    return finish(task);
  });
  await ask(log);
  await isDone();
  expect(attempts).toEqual([0, 1, 2]);
});

test('a state that still asks for the task after its answer gets it again, later', async () => {
  let asked = 0;
  const log = await worker((task) => {
    asked += 1;
    const note: Command = { type: 'Note', orderId: task.stream.slice('order-'.length), note: 'pending' };
    return asked < 3 ? { kind: 'answer', command: note } : finish(task);
  });
  await ask(log);
  await isDone();
  expect(asked).toBe(3);
});

test('attempts are counted anew after each step that got somewhere, and what was postponed is no attempt', async () => {
  const attempts: number[] = [];
  const log = await worker((task) => {
    const note: Command = { type: 'Note', orderId: task.stream.slice('order-'.length), note: 'a step' };
    switch (attempts.push(task.attempts)) {
      case 1:
        return { kind: 'postpone', reason: 'not the time', delayMs: 10 };
      case 2:
      case 3:
        return { kind: 'again', reason: 'no answer', delayMs: 10 };
      case 4:
        return { kind: 'postpone', reason: 'not the time', delayMs: 10 };
      case 5:
        return { kind: 'answer', command: note };
      default:
        return finish(task);
    }
  });
  await ask(log);
  await isDone();
  expect(attempts).toEqual([0, 0, 1, 2, 2, 0]);
});

test('a step that follows an answer is taken at once and under the same claim when the answer changed something', async () => {
  const steps: string[] = [];
  const claims: (string | null | undefined)[] = [];
  const log = await worker(async (task) => {
    const step = async (name: string) => {
      steps.push(name);
      claims.push((await agenda())[0]?.claimed_by);
    };
    await step('first');
    return { kind: 'answer', command: note(task), next: () => step('next').then(() => finish(task)) };
  });
  await ask(log);
  await isDone();
  expect(steps).toEqual(['first', 'next']);
  expect(claims).toEqual([expect.any(String), claims[0]]);
});

test('a step that would follow an answer is not taken when the answer changed nothing: the task begins anew', async () => {
  const steps: string[] = [];
  const log = await worker((task) => {
    if (steps.push('first') === 3) return finish(task);
    const next = async () => {
      steps.push('next');
      return finish(task);
    };
    return { kind: 'answer', command: finishOther(task), next };
  });
  await ask(log);
  await isDone();
  expect(steps).toEqual(['first', 'first', 'first']);
});

test('a task whose second step fails begins anew, and this was an attempt', async () => {
  const steps: string[] = [];
  const log = await worker((task) => {
    steps.push(`first ${task.attempts}`);
    if (task.attempts > 0) return finish(task);
    const next = async () => {
      steps.push('next');
      throw new Error('no answer');
    };
    return { kind: 'answer', command: note(task), next };
  });
  await ask(log);
  await isDone();
  expect(steps).toEqual(['first 0', 'next', 'first 1']);
});

test('a task that is given up is a dead letter on its key and rests until a replay does it again', async () => {
  let givingUp = true;
  let asked = 0;
  const log = await worker((task) => {
    asked += 1;
    return givingUp ? { kind: 'give-up', reason: 'the refund was refused' } : finish(task);
  });
  const orderId = await ask(log);
  const letters = async () => (await log.deadLetters.list()).items;
  await eventually(async () =>
    expect(await letters()).toMatchObject([{ key: orderId, code: 'given_up', reason: 'the refund was refused' }]),
  );
  await eventually(async () => expect(await agenda()).toMatchObject([{ claimed_by: null }]));
  expect(asked).toBe(1);

  givingUp = false;
  const [letter] = await letters();
  await log.deadLetters.replay(letter?.id ?? '', { by: 'tester' });
  await isDone();
  await eventually(async () => expect(await letters()).toEqual([]));
  expect(asked).toBe(2);
});

test('a task whose worker vanished is done by another when the claim expires; a slow one keeps its claim', async () => {
  const timing = { taskLeaseMs: 1000 };
  const log = await worker(finish, { roles: new Set(['http']) });
  await ask(log, 'abandoned');
  await dataSource.query(`update agenda set claimed_by = 'gone', claimed_until = now() + interval '1 second'`);
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const performed: string[] = [];
  const perform: Perform = async (task) => {
    performed.push(task.task);
    if (task.task === 'slow') await released;
    return finish(task);
  };
  await worker(perform, { timing });
  await worker(perform, { timing });
  await ask(log, 'slow');
  await eventually(() => expect([...performed].sort()).toEqual(['abandoned', 'slow']));

  const [claim] = await dataSource.query<{ until: Date }[]>('select claimed_until as until from agenda');
  await eventually(async () =>
    expect(
      await dataSource.query('select 1 from agenda where claimed_until > $1::timestamptz + $2::interval', [
        claim?.until,
        '1 second',
      ]),
    ).toHaveLength(1),
  );
  release();
  await isDone();
  expect(performed).toHaveLength(2);
});

test('what a replica claims when its stop has begun is given back and not begun', async () => {
  const asking = await worker(() => Promise.reject(new Error('not here')), { roles: new Set(['http']) });
  await ask(asking);
  await asking.commands.send(
    { type: 'Open', orderId: randomUUID(), dueAt: new Date().toISOString() },
    { cause: { correlationId: 'c', causationId: 'c' }, answer: () => null },
  );
  const lock = dataSource.createQueryRunner();
  await lock.startTransaction();
  await lock.query('lock table agenda in exclusive mode');
  const began: string[] = [];
  const log = await worker((task) => (began.push(task.stream), finish(task)), {
    onDecide: ({ type }) => void began.push(type),
  });
  const waiting = `select from pg_locks where not granted and relation = 'agenda'::regclass`;
  await eventually(async () => expect(await dataSource.query(waiting)).toHaveLength(2));

  const stopped = log.stop();
  await lock.commitTransaction();
  await lock.release();
  await stopped;
  expect(began).toEqual([]);
  expect((await agenda()).map(({ claimed_by }) => claimed_by)).toEqual([null, null]);
});

test('stopping waits for the task that runs and commits its answer', async () => {
  let begun: () => void = () => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const log = await worker(async (task) => {
    begun();
    await released;
    return finish(task);
  });
  await ask(log);
  await hasBegun;
  const stopped = log.stop().then(() => 'stopped');
  // However long it is waited: a task that runs is not left behind.
  expect(await Promise.race([stopped, sleep(1000, 'waits')])).toBe('waits');
  release();
  await stopped;
  expect(await agenda()).toEqual([]);
});
