export { Counter, Gauge, Histogram, Registry } from 'prom-client';
export * from './create-logger.js';
export * from './failpoints.js';
export * from './logger.js';
export * from './metrics.js';
export * from './trace-context.js';
export * from './tracing.js';
