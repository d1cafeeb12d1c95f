import { definitionOf, type FaultKind } from './fault-kinds.js';
import type { PlannedFault } from './schedule.js';

export interface RepeatsOptions {
  readonly planned: readonly PlannedFault[];
  /** The kinds that have met no work in flight so far. */
  readonly missed: () => Promise<readonly FaultKind[]>;
  /** Lets these happen, and resolves when the last one is mended. */
  readonly apply: (faults: readonly PlannedFault[]) => Promise<void>;
}

/** A kind that meets nothing after so many is one that the run did not try. */
const repeatsMax = 3;

/**
 * Whether a short fault meets an order is a matter of the machine's speed. Kinds that met none happen again when the plan is
 * through, until each has met one. Resolves with all that happened on top of the plan.
 */
export async function repeatMissed({ planned, missed, apply }: RepeatsOptions): Promise<PlannedFault[]> {
  const repeats: PlannedFault[] = [];
  for (let repeat = 1; repeat <= repeatsMax; repeat++) {
    const kinds = await missed();
    if (kinds.length === 0) break;
    const again = kinds.flatMap((kind) => planned.filter((fault) => fault.kind === kind).slice(0, 1));
    const faults = again.map((fault) => longerAndElsewhere(fault, repeat));
    await apply(faults);
    repeats.push(...faults);
  }
  return repeats;
}

/** For as long as its kind lasts in a run with time for it, and against whomever another seed draws. */
function longerAndElsewhere({ kind, lastsMs, seed }: PlannedFault, repeat: number): PlannedFault {
  const [leastMs] = definitionOf(kind).lastsMs;
  return { kind, atMs: 0, lastsMs: Math.max(lastsMs, leastMs), seed: (seed + repeat) >>> 0 };
}
