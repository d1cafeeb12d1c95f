import type { Pod } from '@quadrille/kubernetes';
import type { Narrator } from '@quadrille/cluster';
import type { Orders } from '../compose/orders.js';
import type { RunningPods, Stop } from './running-pods.js';

export interface Drain {
  readonly pod: Pod;
  readonly stops: readonly Stop[];
}

/** Stops each pod so many times in the middle of a burst of orders, and starts it again. */
export async function drainEach(
  pods: RunningPods,
  orders: Orders,
  times: number,
  narrator: Narrator,
): Promise<Drain[]> {
  const drains: Drain[] = [];
  for (const pod of pods.services) {
    const stops: Stop[] = [];
    await narrator.step(`${pod.name} drained under orders`, async () => {
      while (stops.length < times) {
        await orders.stock(1);
        stops.push(
          await orders.during(async () => {
            const stop = await pods.stop(pod);
            await pods.start(pod);
            return stop;
          }),
        );
      }
    });
    drains.push({ pod, stops });
  }
  return drains;
}

/** Answers whether everybody ended by itself, with 0. */
export function tellDrains(drains: readonly Drain[], narrator: Narrator): boolean {
  narrator.line();
  narrator.line('SIGTERM under orders       times   least  median    most   killed after');
  for (const { pod, stops } of drains) {
    const sorted = stops.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const [least, median, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    const columns = [least, median, most].map((ms = 0) => `${(ms / 1000).toFixed(2)} s`.padStart(8)).join('');
    narrator.line(
      `  ${pod.name.padEnd(22)} ${String(stops.length).padStart(7)}${columns} ${String(pod.stopSeconds).padStart(11)} s`,
    );
  }
  const failed = drains.flatMap(({ pod, stops }) =>
    stops.filter(({ exitCode }) => exitCode !== 0).map(({ exitCode }) => `✗ ${pod.name} ended with ${exitCode}`),
  );
  for (const sentence of failed) narrator.line(sentence);
  return failed.length === 0;
}
