export * from './decider.js';
export * from './payment.js';
export { isHeard, type ProviderAnswer } from './provider-answers.js';
