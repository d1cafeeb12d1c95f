import { eventually } from '../client.js';
import type { Evidence } from '../evidence.js';
import { type Violation, violations } from '../rules.js';
import { forms, heard } from '../world.js';
import type { Arena } from './arena.js';
import { type History, readHistory } from './history.js';
import { lifetimesOf, stepsOf } from './impact.js';
import { brokenPromises } from './promises.js';
import { type ChaosReport, makeReport, type RunRecord } from './report.js';
import { garbageGoesTo } from './traffic.js';

export interface Run extends RunRecord {
  readonly arena: Arena;
}

/** Longer than a deadline, and than the longest wait between two tries. */
const settleMs = 240_000;

/** Waits until nothing is under way any more, then checks every rule over everybody's books. */
export async function judge(run: Run): Promise<ChaosReport> {
  const { world, load, traffic } = run.arena;
  const notSettled = await failureOf(world.settle(settleMs));
  const settledAt = Date.now();
  const notSetAside = await garbageNotSetAside(run.arena);
  const evidence = await world.collect();
  const history = await readHistory(world.cluster.databaseUrls);
  const promised = load.purchases.flatMap((purchase) => purchase.promised?.id ?? []);
  const found: Violation[] = [
    ...[notSettled, notSetAside].flatMap((what) => (what === undefined ? [] : [{ rule: 7, orderId: null, what }])),
    ...violations(evidence, promised, { forms, heard }),
    ...brokenPromises(load.purchases, history.orders),
  ];
  return makeReport({
    ...run,
    settledAt,
    garbage: traffic.garbage.length,
    purchases: load.purchases,
    history,
    steps: stepsOf(history),
    lifetimes: lifetimesOf(history),
    violations: found.map((violation) => ({
      ...violation,
      timeline: timelineOf(violation.orderId, history, evidence),
    })),
  });
}

async function garbageNotSetAside({ traffic }: Arena): Promise<string | undefined> {
  const planted = new Set(traffic.garbage);
  for (const service of garbageGoesTo) {
    const failure = await failureOf(
      eventually(
        `what ${service} set aside is what was planted`,
        async () => {
          const names = new Set(await traffic.setAside(service));
          const missing = [...planted].filter((name) => !names.has(name));
          const foreign = [...names].filter((name) => !planted.has(name));
          if (missing.length + foreign.length === 0) return true;
          throw new Error(
            `${missing.length} of ${planted.size} pieces are missing, ${foreign.length} others are there: ${[...missing, ...foreign].slice(0, 5).join(', ')}`,
          );
        },
        30_000,
      ),
    );
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** All that the books know of one order, oldest first. */
function timelineOf(orderId: string | null, { happenings }: History, { ledger, wire }: Evidence): string[] {
  if (orderId === null) return [];
  const own = happenings.filter((happening) => happening.orderId === orderId);
  return [
    ...own.map(({ at, service, type, id }) => {
      const copies = (wire ?? []).filter((event) => event.id === id).length;
      const published = copies > 0 ? `, ${copies} on the wire` : '';
      return `${new Date(at).toISOString()} ${service} ${type} (${id}${published})`;
    }),
    ...ledger
      .filter((entry) => entry.orderId === orderId)
      .map(({ kind, amountMinor, id }) => `the provider's ledger: ${kind} of ${amountMinor} (${id})`),
  ];
}

async function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
