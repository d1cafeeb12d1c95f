import { expect, it } from '@jest/globals';
import { arenaClusterOptions } from './arena.js';
import { type Queue, relaxed, type Setting } from './guarantees.js';

// What is measured is what users run: no guarantee is relaxed for a benchmark, neither for us nor for the peers.

const settings: Setting[] = ['order', 'inventory', 'payment'].flatMap((database) =>
  ['fsync', 'synchronous_commit', 'full_page_writes'].map((name) => ({ database, name, setting: 'on' })),
);
const queues: Queue[] = [{ name: 'order.0', type: 'quorum', durable: true }];

it('servers that keep every promise are not complained of', () => {
  expect(relaxed(settings, queues)).toEqual([]);
});

it.each([
  ['order runs with fsync=off', [{ ...settings[0]!, setting: 'off' }, ...settings.slice(1)], queues],
  ['not every database told its settings', settings.slice(3), queues],
  ['bench.orders is a classic queue', settings, [...queues, { name: 'bench.orders', type: 'classic', durable: true }]],
  ['bench.orders is not durable', settings, [...queues, { name: 'bench.orders', type: 'quorum', durable: false }]],
  ['there are no queues', settings, []],
])('a run in which %s has no result', (sentence, settings, queues) => {
  expect(relaxed(settings, queues)).toEqual([sentence]);
});

it('the cluster is durable and has nothing in its environment that users do not have', () => {
  expect(arenaClusterOptions('/somewhere')).toEqual({ directory: '/somewhere', durable: true, namespace: 'quadrille' });
});
