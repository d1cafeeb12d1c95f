import { expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { processMetrics } from './metrics.js';

it('the metrics of a process tell its memory and the lag of its event loop', async () => {
  const registry = new Registry();
  processMetrics(registry);
  const text = await registry.metrics();
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).toContain('nodejs_eventloop_lag_seconds');
});
