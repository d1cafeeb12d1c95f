export * from './deliveries.js';
export * from './participant.js';
export * from './publisher.js';
export * from './round-types.js';
