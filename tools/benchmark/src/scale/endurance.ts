import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@quadrille/e2e/client';
import { show } from '../figures.js';
import { skus } from '../load/shop.js';
import { median } from '../statistics.js';
import { type Conditions, type Finding, rate, told } from './finding.js';
import { messagesPerOrder } from './history.js';
import type { Stage } from './stage.js';

const sampleMs = 20_000;

/** A consumer is away while orders come in; then it has to catch up, and new orders come all the while. */
export async function backlog({ stage, load, say }: Conditions, events: number): Promise<Finding> {
  await stage.start(1);
  const closedPerSecond = messagesPerOrder * rate(await told(say, 'closed loop', stage.closed(load)));
  await stage.settled();
  const inventory = stage.cluster.service('inventory');
  await inventory.stop();
  const shops = stage.shops(skus, { seen: () => Promise.resolve(performance.now()) });
  let accepted = 0;
  const order = async () => {
    const purchase = await shops.place();
    if (purchase.kind === 'failed') throw new Error(purchase.why);
    if (purchase.kind === 'accepted') accepted += 1;
    else await pause(200);
  };
  while (accepted < events) await Promise.all(Array.from({ length: load.clients }, order));
  say(`  ${accepted.toLocaleString('en-US')} events wait for inventory`);
  await inventory.replicas[0]?.part.start();
  let draining = true;
  const newcomers = async () => {
    while (draining) await Promise.all([order(), pause(200)]);
  };
  const isWorkedOff = async () => {
    await pause(1000);
    return (await stage.pending(20)) < 20 || undefined;
  };
  const drain = () => eventually('the backlog is worked off', isWorkedOff, 3_600_000);
  const [{ perSecond, tookSeconds }] = await Promise.all([
    handledPerSecond(stage, drain).finally(() => (draining = false)),
    newcomers(),
  ]).finally(() => shops.close());
  await stage.settled();
  const ratio = perSecond / closedPerSecond;
  return {
    title: 'A backlog',
    head: ['', 'messages handled/s'],
    rows: [
      ['closed loop', show(closedPerSecond)],
      [`${events.toLocaleString('en-US')} orders behind, worked off in ${show(tookSeconds)} s`, show(perSecond)],
    ],
    target: 'drains at no less than the rate of the closed loop while new orders keep ending',
    found: `${show(ratio)} times; all ${accepted.toLocaleString('en-US')} orders ended`,
    met: ratio >= 1,
  };
}

/** Memory of each process over many orders. */
export async function memory({ stage, load, say }: Conditions, orders: number): Promise<Finding> {
  await stage.start(1);
  const samples: Record<string, number>[] = [];
  let done = 0;
  while (done < orders) {
    const { ordersPerSecond } = await told(
      say,
      `${done} orders`,
      stage.closed({ ...load, warmUpMs: 0, measureMs: sampleMs }),
    );
    done += Math.round((ordersPerSecond * sampleMs) / 1000);
    samples.push(stage.memoryBytes());
  }
  await stage.settled();
  const names = Object.keys(samples[0] ?? {});
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const middle = (name: string, part: Record<string, number>[]) => median(part.map((sample) => sample[name] ?? 0));
  const rows = names.map((name) => {
    const early = middle(name, samples.slice(quarter, 2 * quarter + 1));
    const late = middle(name, samples.slice(-quarter));
    return { name, early, late, most: Math.max(...samples.map((sample) => sample[name] ?? 0)) };
  });
  const mb = (bytes: number) => `${show(bytes / 2 ** 20)} MB`;
  const grown = rows.filter(({ name, early, late }) => !['database', 'broker'].includes(name) && late > 1.1 * early);
  return {
    title: 'Memory',
    head: ['process', 'second quarter', 'last quarter', 'most'],
    rows: rows.map(({ name, early, late, most }) => [name, mb(early), mb(late), mb(most)]),
    target: `bounded and flat over ${orders.toLocaleString('en-US')} orders`,
    found: grown.length === 0 ? 'no service has grown by a tenth' : `${grown.map(({ name }) => name).join(', ')} grew`,
    met: grown.length === 0,
  };
}

async function handledPerSecond(stage: Stage, work: () => Promise<unknown>) {
  const [before, began] = [await stage.handled(), performance.now()];
  await work();
  const tookSeconds = (performance.now() - began) / 1000;
  return { perSecond: ((await stage.handled()) - before) / tookSeconds, tookSeconds };
}
