import { loopMutants } from './loop-mutants.js';
import { messagingMutants } from './messaging-mutants.js';
import type { PlumbingMutant } from './plumbing-mutant.js';
import { roundMutants } from './round-mutants.js';
import { serviceMutants } from './service-mutants.js';
import { stopMutants } from './stop-mutants.js';

/** All of them. Bugs in the deciders are planted by the simulation, which notices them without any server. */
export const plumbingMutants: readonly PlumbingMutant[] = [
  ...roundMutants,
  ...loopMutants,
  ...messagingMutants,
  ...serviceMutants,
  ...stopMutants,
];
