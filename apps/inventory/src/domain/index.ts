export * from './inventory.js';
export * from './stock.js';
