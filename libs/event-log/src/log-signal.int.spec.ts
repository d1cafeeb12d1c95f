import { silentLogger } from '@quadrille/observability';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import { LogSignal } from './log-signal.js';

let database: TestDatabase;
let here: LogSignal;
let there: LogSignal;
const heard = { here: 0, there: 0, otherTopic: 0 };

beforeAll(async () => {
  database = await testDatabase();
  here = new LogSignal(database.dataSource, silentLogger);
  there = new LogSignal(database.dataSource, silentLogger);
  here.on('log', () => heard.here++);
  there.on('log', () => heard.there++);
  there.on('leases', () => heard.otherTopic++);
  here.start();
  there.start();
});

afterAll(async () => {
  await here.stop();
  await there.stop();
  await database.drop();
});

/** Until both listen, what is raised is lost: that is allowed. The first thing heard is that the connection is there. */
async function raiseUntilHeardThere(): Promise<void> {
  const before = heard.there + 1;
  await eventually(() => {
    here.raise('log');
    expect(heard.there).toBeGreaterThan(before);
  });
}

test('news is heard in this process at once, and in the others by NOTIFY', async () => {
  await raiseUntilHeardThere();
  const { here: before, otherTopic } = heard;
  here.raise('log');
  expect(heard.here).toBe(before + 1);
  expect(heard.otherTopic).toBe(otherTopic);
});

test('much news at once is one notification or two, and one own echo is no news', async () => {
  await raiseUntilHeardThere();
  const before = { ...heard };
  for (let at = 0; at < 1000; at++) here.raise('log');
  await eventually(() => expect(heard.there).toBeGreaterThan(before.there));
  here.raise('leases');
  await eventually(() => expect(heard.otherTopic).toBeGreaterThan(before.otherTopic));
  expect(heard.there - before.there).toBeLessThan(100);
  expect(heard.here).toBe(before.here + 1000);
});

test('after the connection broke it listens again', async () => {
  await raiseUntilHeardThere();
  await database.dataSource.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and query ilike 'listen%' or query ilike '%pg_notify%' and pid <> pg_backend_pid()`,
  );
  await raiseUntilHeardThere();
});
