import { setTimeout as pause } from 'node:timers/promises';
import type { Arena } from './arena.js';
import { definitionOf, type FaultGroup } from './fault-kinds.js';
import type { AppliedFault } from './impact.js';
import { injections } from './injections.js';
import { Random } from './random.js';
import type { Lane, PlannedFault } from './schedule.js';

export interface LanesOptions {
  readonly arena: Arena;
  readonly lanes: readonly Lane[];
  /** A fault began so long after its time. */
  readonly onLate: (lateMs: number) => void;
  readonly onFault: (fault: AppliedFault) => void;
  /** A fault that could not be made or mended. */
  readonly onFailure: (sentence: string) => void;
  readonly stopped: AbortSignal;
}

/** Lets all planned faults happen, and resolves when the last one is mended. */
export async function runLanes({ arena, lanes, onLate, onFault, onFailure, stopped }: LanesOptions): Promise<void> {
  const began = Date.now();
  // A machine may be too slow for the plan; then faults come later, and still never two of a group at once.
  const groups = new Map<FaultGroup, Promise<void>>();

  const happen = async (fault: PlannedFault): Promise<void> => {
    await pause(Math.max(0, began + fault.atMs - Date.now()), undefined, { signal: stopped }).catch(() => undefined);
    if (stopped.aborted) return;
    onLate(Date.now() - began - fault.atMs);
    try {
      const scene = { ...arena, lastsMs: fault.lastsMs, random: new Random(fault.seed) };
      onFault({ kind: fault.kind, ...(await injections[fault.kind](scene)) });
    } catch (error) {
      onFailure(`${fault.kind}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  await Promise.all(
    lanes.map(async (lane) => {
      for (const fault of lane) {
        const { group } = definitionOf(fault.kind);
        const turn = (groups.get(group) ?? Promise.resolve()).then(() => happen(fault));
        groups.set(group, turn);
        await turn;
      }
    }),
  );
}
