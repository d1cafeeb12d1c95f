import { setTimeout as pause } from 'node:timers/promises';
import type { Shop } from './shop.js';

export interface OpenLoopOptions {
  readonly shop: Pick<Shop, 'place'>;
  readonly ratePerSecond: number;
  /** Sent at the same rate before, and not measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly atEdges?: () => Promise<void> | void;
}

export interface OpenLoopResult {
  readonly ratePerSecond: number;
  /** From the time at which each order was meant to be sent until its end, so that a stall is not hidden. */
  readonly latenciesMs: readonly number[];
  readonly accepted: number;
  /** Orders that ended between the first sending that is measured and the last, whenever they were sent. */
  readonly ended: number;
  readonly turnedAway: number;
  readonly failures: readonly string[];
  /** From the last sending until the last accepted order had ended. */
  readonly settledAfterMs: number;
}

/** Sends orders at fixed times, however many are still under way: clients who do not know of each other. */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { shop, ratePerSecond, warmUpMs, measureMs, atEdges = () => undefined } = options;
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  const counts = { accepted: 0, turnedAway: 0 };
  let ended = 0;
  let endedBefore = 0;
  const gapMs = 1000 / ratePerSecond;
  const first = Math.round(warmUpMs / gapMs);
  const total = first + Math.round(measureMs / gapMs);

  const send = async (intendedAtMs: number, counts_: boolean) => {
    const purchase = await shop.place();
    if (purchase.kind === 'failed') failures.push(purchase.why);
    if (purchase.kind === 'accepted') {
      if (counts_) counts.accepted += 1;
      const endedAtMs = await purchase.ended;
      ended += 1;
      if (counts_) latenciesMs.push(endedAtMs - intendedAtMs);
    } else if (counts_ && purchase.kind === 'turned-away') counts.turnedAway += 1;
  };

  const sent: Promise<void>[] = [];
  const beganAtMs = performance.now();
  for (let number = 0; number < total; number++) {
    const intendedAtMs = beganAtMs + number * gapMs;
    const aheadMs = intendedAtMs - performance.now();
    if (aheadMs > 0) await pause(aheadMs);
    if (number === first) {
      await atEdges();
      endedBefore = ended;
    }
    sent.push(send(intendedAtMs, number >= first));
  }
  await atEdges();
  const endedMeanwhile = ended - endedBefore;
  const lastSentAtMs = performance.now();
  await Promise.all(sent);
  const settledAfterMs = performance.now() - lastSentAtMs;
  return { ratePerSecond, latenciesMs, ...counts, ended: endedMeanwhile, failures, settledAfterMs };
}
