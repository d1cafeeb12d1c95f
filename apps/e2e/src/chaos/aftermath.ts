import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../client.js';
import { type Arena, services, tellProvider } from './arena.js';
import type { FaultKind } from './fault-kinds.js';
import { readHistory } from './history.js';
import { type AppliedFault, missedKinds, stepsOf } from './impact.js';
import { Random } from './random.js';

/** Whatever a fault may have left, should it have failed half way. */
export async function mend(arena: Arena): Promise<void> {
  const { world, links, crashPoints } = arena;
  const { cluster } = world;
  crashPoints.clear();
  for (const { proxy } of links.all) proxy.heal();
  for (const server of [cluster.rabbitMq, cluster.postgres]) {
    server.thaw();
    await server.start();
  }
  const everything = [...services, 'payment-provider' as const].flatMap((name) => cluster.service(name).replicas);
  for (const { part } of everything) part.thaw();
  await Promise.all(everything.map(({ part }) => part.start()));
  const quiet = { ...arena, lastsMs: 0, random: new Random(0) };
  await eventually('the provider behaves well', () => tellProvider(quiet, 'DELETE').then(() => true as const));
}

/** Steps that were in flight end when what was broken is mended; so long they are waited for. */
const stepsEndMs = 3000;

/** Mends everything, and tells which of the kinds have met no work in flight. */
export async function missedOf(
  arena: Arena,
  kinds: readonly FaultKind[],
  faults: readonly AppliedFault[],
): Promise<readonly FaultKind[]> {
  await mend(arena);
  for (const end = Date.now() + stepsEndMs; ; await pause(500)) {
    const missed = missedKinds(kinds, faults, stepsOf(await readHistory(arena.world.cluster.databaseUrls)));
    if (missed.length === 0 || Date.now() > end) return missed;
  }
}
