export { huntPlumbing, type Verdict } from './hunt-plumbing.js';
export { plumbingMutants } from './plumbing-mutants.js';
export type { PlumbingMutant } from './plumbing-mutant.js';
export { WorkingCopy } from './working-copy.js';
