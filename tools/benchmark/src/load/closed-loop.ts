import { setTimeout as pause } from 'node:timers/promises';
import type { Shop } from './shop.js';

export interface ClosedLoopOptions {
  readonly shop: Pick<Shop, 'place'>;
  /** Each places an order, waits for its end, and places the next. */
  readonly clients: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Called when the warm-up is over and at the end of the measurement, while clients are busy all the time. */
  readonly atEdges: () => Promise<void> | void;
}

export interface ClosedLoopResult {
  readonly ordersPerSecond: number;
  readonly ended: number;
  readonly failures: readonly string[];
}

/** Keeps a fixed number of orders under way, and counts those that end while it measures. */
export async function closedLoop(options: ClosedLoopOptions): Promise<ClosedLoopResult> {
  const { shop, clients, warmUpMs, measureMs, atEdges } = options;
  const failures: string[] = [];
  let ended = 0;
  let stopped = false;
  const client = async () => {
    while (!stopped) {
      const purchase = await shop.place();
      if (purchase.kind === 'accepted') {
        await purchase.ended;
        ended += 1;
      } else {
        if (purchase.kind === 'failed') failures.push(purchase.why);
        await pause(100);
      }
    }
  };
  const running = Promise.all(Array.from({ length: clients }, client));
  await pause(warmUpMs);
  await atEdges();
  const [beganAt, endedBefore] = [performance.now(), ended];
  await pause(measureMs);
  const [tookMs, endedMeanwhile] = [performance.now() - beganAt, ended - endedBefore];
  await atEdges();
  stopped = true;
  await running;
  return { ordersPerSecond: (endedMeanwhile / tookMs) * 1000, ended: endedMeanwhile, failures };
}
