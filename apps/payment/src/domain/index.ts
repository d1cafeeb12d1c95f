export * from './decider.js';
export * from './payment.js';
