import { collectDefaultMetrics, type Registry } from 'prom-client';

/** What every process tells of itself: CPU, memory, garbage collection, open handles and the lag of its event loop. */
export function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}
