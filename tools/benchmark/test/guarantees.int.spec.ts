import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rows } from '@quadrille/e2e/evidence';
import { z } from 'zod';
import { type Arena, openArena } from '../src/arena.js';
import { Ours } from '../src/parties/ours.js';
import { Peer } from '../src/parties/peer.js';
import type { SystemName } from '../src/parties/party.js';
import { Turn } from '../src/turn.js';

// What is measured is what users run: no guarantee is relaxed for a benchmark, neither for us nor for the peers.

let arena: Arena;
beforeAll(async () => {
  arena = await openArena({ step: (_title, work) => work() });
}, 300_000);
afterAll(() => arena.end(), 120_000);

async function turnOf(name: SystemName): Promise<{ promised: readonly string[]; check: unknown[] }> {
  const { cluster, peerProvider, logDirectory, serverPids } = arena;
  const system =
    name === 'ours' ? new Ours(cluster) : new Peer({ name, cluster, provider: peerProvider, logDirectory });
  const turn = await Turn.begin(system, { ...serverPids, provider: peerProvider.pid });
  try {
    await turn.open({ ratePerSecond: 10, warmUpMs: 0, measureMs: 1000 });
    return { promised: [...turn.promised], check: await system.check(turn.promised) };
  } finally {
    await turn.end();
  }
}

it('orders end at our services, all rules hold, and every event was in an inbox and in one message', async () => {
  const published = await publishedSoFar();
  const { promised, check } = await turnOf('ours');
  expect({ promised: promised.length, check }).toEqual({ promised: 10, check: [] });

  const counted = z.object({ count: z.coerce.number() });
  const count = async (url: string, table: string) =>
    (await rows(url, `select count(*) from ${table}`, counted))[0]?.count;
  const { order, inventory, payment } = arena.cluster.databaseUrls;
  // order hears reserved, captured and committed; inventory placed and confirmed; payment placed and reserved.
  expect(await Promise.all([order, inventory, payment].map((url) => count(url, 'inbox')))).toEqual([30, 20, 20]);
  expect((await publishedSoFar(published.publish + 50)).publish - published.publish).toBe(50);
  expect((await publishedSoFar(published.publish + 50)).confirm - published.confirm).toBe(50);
}, 120_000);

it.each(['naive', 'polling-tuned'] as const)(
  'the peer %s carries out orders by the same rules',
  async (name) => {
    const { promised, check } = await turnOf(name);
    expect({ promised: promised.length, check }).toEqual({ promised: 10, check: [] });
  },
  120_000,
);

it('the database writes through to the disk before it answers', async () => {
  const setting = z.object({ name: z.string(), setting: z.string() });
  for (const url of Object.values(arena.cluster.databaseUrls)) {
    const found = await rows(
      url,
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`,
      setting,
    );
    expect(found.map(({ setting }) => setting)).toEqual(['on', 'on', 'on']);
  }
});

it('every queue is durable and a quorum queue, ours and those of the peers', async () => {
  const queues = await ask(
    '/api/queues',
    z.array(z.object({ name: z.string(), type: z.string(), durable: z.boolean() })),
  );
  expect(queues.filter(({ name }) => name.startsWith('bench.')).length).toBe(6);
  for (const service of ['order', 'inventory', 'payment'])
    expect(queues.filter(({ name }) => name.startsWith(`${service}.`)).length).toBeGreaterThanOrEqual(4);
  expect(queues.filter(({ type, durable }) => type !== 'quorum' || !durable)).toEqual([]);
});

/** The broker's books, which are five seconds late: waits until `publish` is reached when it is given. */
async function publishedSoFar(atLeast = 0) {
  const counts = z.object({ publish: z.number().default(0), confirm: z.number().default(0) });
  const overview = z.object({ message_stats: counts.default({ publish: 0, confirm: 0 }) });
  for (let end = Date.now() + 60_000; ;) {
    const { message_stats } = await ask('/api/overview', overview);
    if (message_stats.publish >= atLeast || Date.now() > end) return message_stats;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function ask<Value>(path: string, schema: z.ZodType<Value>): Promise<Value> {
  const { origin, username, password } = new URL(arena.cluster.brokerAdminUrl ?? '');
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return schema.parse(await (await fetch(`${origin}${path}`, { headers: { authorization } })).json());
}
