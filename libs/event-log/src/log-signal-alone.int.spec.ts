import { silentLogger } from '@quadrille/observability';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import { testDatabase, type TestDatabase } from '../test/database.js';
import { eventually } from '../test/eventually.js';
import { LogSignal, type NewsFrom } from './log-signal.js';

let database: TestDatabase;
/** Hears all that is said, and says nothing itself, so that nobody knows of it. */
let eavesdropper: Client;
const said: string[] = [];
const signals: LogSignal[] = [];

beforeAll(async () => {
  database = await testDatabase();
  eavesdropper = new Client({ connectionString: database.url });
  await eavesdropper.connect();
  eavesdropper.on('notification', ({ payload }) => said.push(payload ?? ''));
  await eavesdropper.query('listen quadrille');
});

afterAll(async () => {
  await Promise.all(signals.map((signal) => signal.stop()));
  await eavesdropper.end();
  await database.drop();
});

/** Resolves when it listens: then it has told that there may be news from elsewhere. */
async function listening(): Promise<{ signal: LogSignal; news: NewsFrom[] }> {
  const signal = new LogSignal(database.dataSource, silentLogger);
  signals.push(signal);
  const news: NewsFrom[] = [];
  signal.on('log', (from) => news.push(from));
  signal.start();
  await eventually(() => expect(news).toContain('elsewhere'));
  return { signal, news };
}

test('who listens alone says nothing but that it is there, and the first who comes hears what was kept', async () => {
  const { signal, news } = await listening();
  expect(signal.isAlone).toBe(true);
  for (let at = 0; at < 1000; at++) signal.raise('log');
  expect(news).toEqual(['elsewhere', ...Array.from({ length: 1000 }, () => 'here')]);

  const newcomer = await listening();
  // The first is that it listens itself.
  await eventually(() => expect(newcomer.news.length).toBeGreaterThanOrEqual(2));
  expect([signal.isAlone, newcomer.signal.isAlone]).toEqual([false, false]);
  expect(new Set(newcomer.news)).toEqual(new Set(['elsewhere']));

  await eventually(() => expect(said).toContain('log'));
  // Notifications come in the order of their commits: both have told that they are there before there was news.
  expect(said.slice(0, 2)).not.toContain('log');
  expect(said.filter((payload) => payload === 'log').length).toBeLessThan(10);
});

test('who is not alone is heard at once, in both directions', async () => {
  const [one, other] = [await listening(), await listening()];
  const before = [one.news.length, other.news.length];
  one.signal.raise('log');
  await eventually(() => expect(other.news.slice(before[1])).toContain('elsewhere'));
  other.signal.raise('log');
  await eventually(() => expect(one.news.slice(before[0])).toContain('elsewhere'));
});

test('all that one commit raises is one notification', async () => {
  const [one] = [await listening(), await listening()];
  await eventually(() => expect(one.signal.isAlone).toBe(false));
  one.signal.raise('leases');
  await eventually(() => expect(said).toContain('leases'));
  said.length = 0;
  // The database tells the same only once in a transaction, and tells in the order of the commits.
  for (const topic of ['log', 'agenda', 'log'] as const) one.signal.raise(topic);
  await eventually(() => expect(said).toContain('agenda'));
  one.signal.raise('leases');
  await eventually(() => expect(said).toContain('leases'));
  expect(said.filter((payload) => payload === 'log')).toEqual(['log']);
});

test('who comes into company is heard at once, and not only when somebody gives a sign of life', async () => {
  const before = await Promise.all([listening(), listening()]);
  const third = await listening();
  const heard = before.map(({ news }) => news.length);
  // Long before the next sign of life; the answers to its arrival may still be on their way.
  await eventually(() => {
    third.signal.raise('log');
    for (const [at, { news }] of before.entries()) expect(news.slice(heard[at])).toContain('elsewhere');
  }, 3000);
});

test('who was not heard of for half a minute is gone', async () => {
  const [one] = [await listening(), await listening()];
  await eventually(() => expect(one.signal.isAlone).toBe(false));
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 31_000);
  try {
    expect(one.signal.isAlone).toBe(true);
  } finally {
    clock.mockRestore();
  }
});
