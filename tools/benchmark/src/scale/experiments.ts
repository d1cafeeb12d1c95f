import { services } from '@quadrille/contracts';
import { show } from '../figures.js';
import { skus } from '../load/shop.js';
import { median, ratiosPerRound } from '../statistics.js';
import { type Conditions, cost, figures, figuresHead, type Finding, rate, told } from './finding.js';
import { fillHistory } from './history.js';
import type { Throughput } from './stage.js';

/** Every order takes the same SKU, against orders that are spread over a hundred. */
export async function hot({ stage, load, rounds, say }: Conditions): Promise<Finding> {
  await stage.start(1);
  const spread: Throughput[] = [];
  const one: Throughput[] = [];
  for (let round = 1; round <= rounds; round++) {
    spread.push(await told(say, 'spread', stage.closed(load)));
    one.push(await told(say, 'one SKU', stage.closed({ ...load, wares: skus.slice(0, 1) })));
  }
  await stage.settled();
  const ratio = median(ratiosPerRound(one.map(rate), spread.map(rate)));
  return {
    title: 'A hot SKU',
    head: ['orders', ...figuresHead],
    rows: [
      [`over ${skus.length} SKUs`, ...figures(spread)],
      ['all of the same SKU', ...figures(one)],
    ],
    target: 'not slower than 0.7 of the spread case',
    found: `${show(ratio)} of it (median of ${rounds} rounds, one after the other)`,
    met: ratio >= 0.7,
  };
}

/** A process is dear while its engine compiles, and the more processes there are, the less each of them has to learn from. */
const warmingMs = 60_000;

/**
 * More replicas of each service on the same cores: what sharing costs, and how even it is. Each turn starts anew and is warmed
 * alike: a replica that has long been at work next to one that has just begun would compare their ages. Turns alternate, and
 * neighbours are compared, because a machine is not equally quick for half an hour.
 */
export async function replicas({ stage, load, rounds, say }: Conditions, most: number): Promise<Finding> {
  const counts = Array.from({ length: most }, (_, index) => index + 1);
  const seen = new Map<number, Throughput[]>(counts.map((count) => [count, []]));
  for (let round = 1; round <= rounds; round++)
    for (const count of counts) {
      await stage.stop();
      await stage.start(count);
      const turn = stage.closed({ ...load, warmUpMs: warmingMs, measureMs: 2 * load.measureMs });
      seen.get(count)?.push(await told(say, `${count} replicas`, turn));
      await stage.settled();
    }
  const of = (count: number) => seen.get(count) ?? [];
  const ratios = counts.slice(1).map((count) => median(ratiosPerRound(of(count).map(rate), of(1).map(rate))));
  const share = (count: number) =>
    services.map((name) => `${name} ${of(count).at(-1)?.shares[name].join(' : ')}`).join(', ');
  return {
    title: 'Replicas on one machine',
    head: ['replicas of each service', ...figuresHead, 'CPU of the replicas, in percent'],
    rows: counts.map((count) => [String(count), ...figures(of(count)), share(count)]),
    target: 'two and three replicas lose no more than 10 % of throughput',
    found: ratios.map((ratio, index) => `${show(ratio)} with ${index + 2}`).join(', '),
    met: ratios.every((ratio) => ratio >= 0.9),
  };
}

/** The cost of an order in a system that has none behind it, and in one with a history. */
export async function history({ stage, load, rounds, say }: Conditions, orders: number): Promise<Finding> {
  const measure = async (what: string) => {
    await stage.start(1);
    const seen: Throughput[] = [];
    for (let round = 1; round <= rounds; round++) seen.push(await told(say, what, stage.closed(load)));
    await stage.settled();
    return seen;
  };
  const empty = await measure('without a history');
  await stage.stop();
  const template = await stage.anEndedOrder();
  const before = performance.now();
  await fillHistory(stage.cluster, template, orders);
  say(`  ${orders.toLocaleString('en-US')} ended orders filled in ${show((performance.now() - before) / 1000)} s`);
  const filled = await measure('with the history');
  const ratio = median(filled.map(cost)) / median(empty.map(cost));
  return {
    title: 'A history',
    head: ['ended orders before', ...figuresHead, 'databases'],
    rows: [
      ['none', ...figures(empty), ''],
      [orders.toLocaleString('en-US'), ...figures(filled), `${show((await stage.databaseBytes()) / 2 ** 30)} GB`],
    ],
    target: 'the cost of an order is flat',
    found: `CPU per order ${show(ratio)} times`,
    met: ratio <= 1.1,
  };
}
