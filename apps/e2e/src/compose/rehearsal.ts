import { demonstrate, type Narrator } from '@quadrille/cluster';
import { readHistory } from '../chaos/history.js';
import { lifetimesOf } from '../chaos/impact.js';
import { Client, eventually } from '../client.js';
import type { Sources } from '../evidence.js';
import { WireTap } from '../wire-tap.js';
import { settled } from '../world.js';
import { tellRules } from './books.js';
import type { ComposeSystem } from './compose-system.js';
import { Orders } from './orders.js';
import { reconcile } from './reconcile.js';

/** Of customers, and of whoever waits for the dust to settle: others may keep the machine busy. */
const patienceMs = 300_000;

interface Crash {
  readonly kind: string;
  /** When the process was killed, and how long it took until Docker called the container healthy again. */
  readonly at: number;
  readonly tookMs: number;
}

/** Orders, crashes and the books of a system that Compose brought up. Answers whether all is as it should be. */
export async function rehearse(system: ComposeSystem, narrator: Narrator): Promise<boolean> {
  const { kinds, adminToken } = system;
  const [orderUrl, inventoryUrl, paymentUrl] = [system.url('order'), system.url('inventory'), system.url('payment')];
  await narrator.step('every container healthy', () => Promise.all(kinds.map((kind) => system.healthy(kind))));
  await WireTap.open(await system.amqpUrl());
  const demonstrated = await demonstrate({ orderUrl, inventoryUrl, adminToken }, narrator);
  narrator.line();

  const orders = new Orders(
    new Client({ order: [orderUrl], inventory: [inventoryUrl], payment: [paymentUrl], adminToken }, patienceMs),
  );
  await orders.stock(kinds.length + 1);
  const crashes: Crash[] = [];
  for (const kind of kinds)
    crashes.push(await narrator.step(`${kind} crashes under orders`, () => crash(kind, system, orders)));
  await narrator.step('order killed by hand, and started by hand', () => killByHand('order', system, orders));

  // A container that was started again may have another address.
  const databases = await system.databaseUrls();
  const tap = await WireTap.open(await system.amqpUrl());
  await narrator.step('nothing under way any more', () =>
    eventually('the dust has settled', () => settled(databases, tap), patienceMs),
  );
  const provider = { url: system.url('payment-provider'), adminToken };
  const struck = await tellCrashes(crashes, databases, narrator);
  const whole = await tellRules({ databases, provider, wire: await tap.read() }, orders.promised, narrator);
  const reconciled = await reconcile({ databases, provider }, narrator);
  return demonstrated && struck && whole && reconciled;
}

async function crash(kind: string, system: ComposeSystem, orders: Orders): Promise<Crash> {
  const container = await system.container(kind);
  return orders.during(async () => {
    const at = Date.now();
    await system.crash(container);
    await system.healthy(kind, container.RestartCount + 1);
    return { kind, at, tookMs: Date.now() - at };
  });
}

/** Docker takes its own `kill` for a stop that somebody wanted, and no restart policy acts on that. */
async function killByHand(kind: string, system: ComposeSystem, orders: Orders): Promise<void> {
  const before = await system.container(kind);
  await orders.during(async () => {
    await system.compose('kill', kind);
    await eventually(`${kind} has exited and is not restarted`, async () => {
      const { State } = await system.container(kind);
      return State.Status === 'exited' || undefined;
    });
    await system.compose('start', kind);
    await system.healthy(kind);
  });
  const after = await system.container(kind);
  if (after.RestartCount > before.RestartCount) throw new Error(`Docker started ${kind} again by itself.`);
}

/** A crash that met no order shows nothing. */
async function tellCrashes(
  crashes: readonly Crash[],
  databases: Sources['databases'],
  narrator: Narrator,
): Promise<boolean> {
  const lifetimes = lifetimesOf(await readHistory(databases));
  narrator.line();
  narrator.line('crashed                back and healthy   orders under way');
  let allMet = true;
  for (const { kind, at, tookMs } of crashes) {
    const met = lifetimes.filter(({ placedAt, endedAt }) => placedAt <= at && endedAt >= at).length;
    if (met === 0) allMet = false;
    narrator.line(`  ${kind.padEnd(20)} ${(tookMs / 1000).toFixed(1).padStart(14)} s ${String(met).padStart(18)}`);
  }
  if (!allMet) narrator.line('✗ a crash met no order');
  return allMet;
}
