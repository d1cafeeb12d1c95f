import { allFaults } from '../faults.js';
import type { Participants } from '../participants.js';
import type { Plumbing } from '../plumbing.js';
import type { Violation } from '../rules/violation.js';
import { simulate } from '../world.js';

export interface Kill {
  readonly seed: number;
  readonly violation: Violation;
}

const faults: ReadonlySet<(typeof allFaults)[number]> = new Set(allFaults);

/** Runs seed after seed until a rule notices the mutant; null when it survives them all. */
export function hunt(
  mutant: { readonly participants: Participants; readonly plumbing?: Plumbing },
  seedsMax: number,
): Kill | null {
  const { participants, plumbing } = mutant;
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violation } = simulate({ seed, orders: 20, faults, participants, ...(plumbing && { plumbing }) });
    if (violation) return { seed, violation };
  }
  return null;
}
