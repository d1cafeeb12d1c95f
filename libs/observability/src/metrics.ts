import { collectDefaultMetrics, type Registry } from 'prom-client';

/** How often the event loop is looked at. The default of 10 ms wakes an idle process a hundred times a second. */
const eventLoopMonitoringPrecision = 100;

/** What every process tells of itself: CPU, memory, garbage collection, open handles and the lag of its event loop. */
export function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision });
}
