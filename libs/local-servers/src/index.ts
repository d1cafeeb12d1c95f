export * from './directory-lock.js';
export * from './free-port.js';
export * from './last-lines.js';
export * from './owned-process.js';
export * from './process-table.js';
export * from './postgres.js';
export * from './rabbitmq.js';
export * from './rabbitmq-installation.js';
