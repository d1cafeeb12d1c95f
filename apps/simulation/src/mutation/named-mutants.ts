import { inventoryMutants } from './inventory-mutants.js';
import type { Mutant } from './mutant.js';
import { orderMutants } from './order-mutants.js';
import { paymentMutants } from './payment-mutants.js';
import { plumbingMutants } from './plumbing-mutants.js';

export const namedMutants: readonly Mutant[] = [
  ...orderMutants,
  ...inventoryMutants,
  ...paymentMutants,
  ...plumbingMutants,
];
