import { setTimeout as delay } from 'node:timers/promises';
import type { PublicApi, TimelineItem } from './public-api.js';

const patienceMs = 60_000;

/** Tells each fact of an order's timeline once, as it appears, until the last one has. Rejects when it does not come. */
export async function followTimeline(
  api: PublicApi,
  orderId: string,
  lastType: string,
  tell: (line: string) => void,
): Promise<void> {
  const end = Date.now() + patienceMs;
  const told = new Set<string>();
  for (let first: TimelineItem | undefined; ;) {
    const items = await api.timeline(orderId);
    first ??= items[0];
    for (const item of items) {
      if (told.has(item.id)) continue;
      told.add(item.id);
      tell(lineOf(item, first ?? item));
    }
    if (items.some(({ type }) => type === lastType)) return;
    if (Date.now() > end) {
      tell(`nothing more came within ${patienceMs / 1000} s; expected ${lastType}`);
      return;
    }
    await delay(50);
  }
}

function lineOf(item: TimelineItem, first: TimelineItem): string {
  const afterMs = Date.parse(item.at) - Date.parse(first.at);
  return `+${(afterMs / 1000).toFixed(3)} s  ${item.service.padEnd(10)} ${item.type}`;
}
