import type { ServiceName } from '@quadrille/contracts';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../client.js';
import { startWorld, type World } from '../world.js';
import { mend, missedOf } from './aftermath.js';
import type { Arena } from './arena.js';
import type { FaultKind } from './fault-kinds.js';
import type { AppliedFault } from './impact.js';
import { runLanes } from './lanes.js';
import { Links } from './links.js';
import { Load, ordinarySkus } from './load.js';
import { Random } from './random.js';
import { judge } from './recovery.js';
import { repeatMissed } from './repeats.js';
import type { ChaosReport } from './report.js';
import { type Lane, planFaults } from './schedule.js';
import { Traffic } from './traffic.js';

export interface ChaosOptions {
  readonly orders: number;
  readonly minutes: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  /** Told what is going on. */
  readonly say?: (line: string) => void;
  readonly stopped?: AbortSignal;
}

/** Somebody wanted it to end; nothing of it is left, and nothing is known. */
export class Interrupted extends Error {}

/** Longer than leases and reconnections take, so that orders end by themselves and only what is truly stuck by this. */
const deadlineMs = 120_000;
/** For the clients that are still there when the faults have ended. */
const afterwardsMs = 180_000;

/** Runs the whole system under a seeded schedule of faults, lets it settle, and judges it. Nothing is left of it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { say = () => undefined } = options;
  const links = new Links();
  const crashPoints = new Map<ServiceName, string>();
  try {
    say('starting RabbitMQ, PostgreSQL, two replicas of each service and the provider');
    const world = await startWorld({
      ownServers: true,
      replicas: { order: 2, inventory: 2, payment: 2 },
      environment: {
        order: { ORDER_DEADLINE_MS: String(deadlineMs) },
        payment: { PROVIDER_TIMEOUT_MS: '4000' },
        'payment-provider': { PROVIDER_LATE_MS: '6000' },
      },
      beforeLaunch: async (name, replica, environment) => {
        const crashPoint = name === 'payment-provider' ? undefined : crashPoints.get(name);
        return {
          ...(await links.routes(name, replica, environment)),
          ...(crashPoint !== undefined && { QUADRILLE_FAILPOINTS: crashPoint }),
        };
      },
    });
    try {
      return await underFire(options, world, links, crashPoints);
    } finally {
      say('stopping everything');
      await world.end();
    }
  } finally {
    await links.close();
  }
}

async function underFire(
  { orders, minutes, seed, kinds, say = () => undefined, stopped = new AbortController().signal }: ChaosOptions,
  world: World,
  links: Links,
  crashPoints: Arena['crashPoints'],
): Promise<ChaosReport> {
  const random = new Random(seed);
  const runMs = minutes * 60_000;
  // A hundred pieces and a thousand buyers in a run of five thousand orders; as large a part of a smaller run.
  const pieces = Math.min(100, Math.max(2, Math.round(orders / 50)));
  const hotSku = { sku: 'CHAOS-HOT', buyers: kinds.includes('hot-sku') ? pieces * 10 : 0 };
  for (const sku of ordinarySkus) await world.client.supply(sku, orders * 3);
  await world.client.supply(hotSku.sku, pieces);

  const client = await clientThrough(links, world);
  const lanes = planFaults({ seed, runMs, kinds });
  const faultCount = lanes.flat().length;
  const load = new Load({ client, orders, buyers: hotSku.buyers, faults: faultCount, random: random.fork() });
  const traffic = new Traffic(world.cluster.amqpUrl);
  await traffic.open();
  const arena: Arena = { world, links, load, traffic, crashPoints, hotSku };

  const faults: AppliedFault[] = [];
  const failures: string[] = [];
  say(`${orders} orders and ${faultCount} faults within ${minutes} minutes, seed ${seed}`);
  const began = Date.now();
  const since = () => `${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s`;
  load.start(runMs);
  const apply = (some: readonly Lane[], onLate: (lateMs: number) => void = () => undefined) =>
    runLanes({
      arena,
      lanes: some,
      stopped,
      onLate,
      onFault: (fault) => {
        load.faultIsOver();
        faults.push(fault);
        say(`${since()}  ${fault.kind.padEnd(22)} ${((fault.until - fault.at) / 1000).toFixed(1)} s  ${fault.what}`);
      },
      onFailure: (sentence) => {
        load.faultIsOver();
        failures.push(sentence);
        say(`${since()}  failed: ${sentence}`);
      },
    });
  await apply(lanes, (lateMs) => load.lastUntil(began + runMs + lateMs));
  const planned = lanes.flat();
  const repeats = await repeatMissed({
    planned,
    missed: async () => (stopped.aborted ? [] : missedOf(arena, kinds, faults)),
    apply: async (again) => {
      say(`${since()}  once more, since they met no order: ${again.map(({ kind }) => kind).join(', ')}`);
      load.expectMore(again.length);
      await apply(again.map((fault) => [fault]));
    },
  });
  if (stopped.aborted) {
    load.stop();
    throw new Interrupted('The run was interrupted.');
  }
  const faultsEndedAt = Date.now();
  await mend(arena);
  say(`${since()}  the faults have ended; the last clients are waited for`);
  const late = pause(afterwardsMs, undefined, { ref: false }).then(() => load.stop());
  await Promise.race([load.finish(), late.then(() => load.finish())]);
  say(`${since()}  every client has its answer; the dust settles`);
  return judge({ arena, planned: [...planned, ...repeats], faults, failures, seed, orders, began, faultsEndedAt });
}

/** Clients reach each replica of order over a connection of their own kind. */
async function clientThrough(links: Links, { cluster }: World): Promise<Client> {
  const urls = (name: ServiceName) => cluster.service(name).replicas.map(({ url }) => url);
  const order = await Promise.all(
    urls('order').map((url, index) =>
      links.through({ from: 'clients', to: `order ${index + 1}`, service: 'order' }, url),
    ),
  );
  const { adminToken } = cluster;
  return new Client({ order, inventory: urls('inventory'), payment: urls('payment'), adminToken }, 180_000);
}
