export * from './addresses.js';
export * from './cluster.js';
export * from './part.js';
export * from './participants.js';
export * from './partition-counts.js';
export * from './server-parts.js';
export * from './service.js';
export { processNames, type ProcessName } from './service-environment.js';
export * from './setup/prepare-servers.js';
