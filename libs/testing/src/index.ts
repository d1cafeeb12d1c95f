export * from './announcements.js';
export * from './decider-specification.js';
export * from './service-world.js';
export * from './throw-away-broker.js';
export * from './throw-away-database.js';
export * from './throw-away-postgres.js';
export * from './throw-away-rabbitmq.js';
