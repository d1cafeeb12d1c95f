export * from './coverage.js';
export * from './faults.js';
export * from './world.js';
