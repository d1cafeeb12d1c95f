import { setTimeout as delay } from 'node:timers/promises';
import type { Difference } from './differences.js';

const pauseMs = 1_000;

/**
 * Looks until nothing is wrong, or for `patienceMs`. Books that are read one after the other never agree on what moves
 * meanwhile, so only what two looks in a row have found is wrong.
 */
export async function watch(
  look: () => Promise<readonly Difference[]>,
  patienceMs: number,
): Promise<readonly Difference[]> {
  const end = Date.now() + patienceMs;
  let last = await look();
  let found = last;
  while (found.some(({ inFlight }) => !inFlight)) {
    const before = new Set(last.map(nameOf));
    await delay(pauseMs);
    last = await look();
    found = last.filter((one) => one.inFlight || before.has(nameOf(one)));
    if (Date.now() >= end) break;
  }
  return found;
}

function nameOf({ orderId, kind, what }: Difference): string {
  return JSON.stringify([orderId, kind, orderId === null ? what : '']);
}
