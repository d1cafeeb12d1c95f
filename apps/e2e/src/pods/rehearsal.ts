import { demonstrate, type Narrator } from '@quadrille/cluster';
import { Client, eventually } from '../client.js';
import { tellRules } from '../compose/books.js';
import { Orders } from '../compose/orders.js';
import { settled } from '../world.js';
import { WireTap } from '../wire-tap.js';
import { drainEach, tellDrains } from './drains.js';
import type { Access } from './local-overlay.js';
import { loosened } from './restrictions.js';
import type { RunningPods } from './running-pods.js';
import type { PodUsage, Usage } from './usage.js';

const ordersPerBurst = 200;
/** In which nobody is stopped. */
const bursts = 4;
/** Of customers, and of whoever waits for the dust to settle: others may keep the machine busy. */
const patienceMs = 300_000;

export interface RehearsalOptions {
  readonly pods: RunningPods;
  readonly usage: Usage;
  readonly access: Access;
  /** How often each pod is stopped under orders. */
  readonly drains: number;
  readonly narrator: Narrator;
}

/** Orders, and SIGTERM in the middle of them, for pods that run as their manifests say. Answers whether all is as it should be. */
export async function rehearse({ pods, usage, access, drains, narrator }: RehearsalOptions): Promise<boolean> {
  const { adminToken, databases, amqpUrl } = access;
  await narrator.step('the setup step, as its Job', () => pods.jobsDone());
  await narrator.step('every probe of every manifest is answered', () =>
    Promise.all(pods.services.map((pod) => pods.ready(pod))),
  );
  const loose = await narrator.step('user, capabilities, root file system', () => loosened(pods));
  for (const sentence of loose) narrator.line(`✗ ${sentence}`);
  const tap = await WireTap.open(amqpUrl);
  const url = (name: string) => `http://${pods.pod(name).address}:8080`;
  const [orderUrl, inventoryUrl, paymentUrl] = [url('order-http'), url('inventory-http'), url('payment-http')];
  const demonstrated = await demonstrate({ orderUrl, inventoryUrl, adminToken }, narrator);
  narrator.line();

  const client = new Client(
    { order: [orderUrl], inventory: [inventoryUrl], payment: [paymentUrl], adminToken },
    patienceMs,
  );
  const orders = new Orders(client, ordersPerBurst);
  await narrator.step(`${bursts} times ${ordersPerBurst} orders`, () =>
    usage.during(async () => {
      for (let burst = 0; burst < bursts; burst++) {
        await orders.stock(1);
        await orders.during(async () => undefined);
      }
    }),
  );
  const drained = await drainEach(pods, orders, drains, narrator);
  const used = await usage.stop();
  await narrator.step('nothing under way any more', () =>
    eventually('the dust has settled', () => settled(databases, tap), patienceMs),
  );
  const ended = tellDrains(drained, narrator);
  tellUsage(used, narrator);
  const provider = { url: url('payment-provider'), adminToken };
  const whole = await tellRules({ databases, provider, wire: await tap.read() }, orders.promised, narrator);
  return loose.length === 0 && demonstrated && ended && whole;
}

function tellUsage(used: readonly PodUsage[], narrator: Narrator): void {
  narrator.line();
  narrator.line('used                       memory, most     limit   cores, mean under orders');
  for (const { name, memoryMaxMiB, memoryLimitMiB, cores } of used) {
    const memory = `${memoryMaxMiB.toFixed(0)} MiB`.padStart(12);
    narrator.line(
      `  ${name.padEnd(22)} ${memory} ${`${memoryLimitMiB.toFixed(0)} MiB`.padStart(11)} ${cores.toFixed(2).padStart(9)}`,
    );
  }
}
