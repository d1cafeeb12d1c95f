import { definitionOf, type FaultKind } from './fault-kinds.js';
import { Random } from './random.js';

/** One fault of a run. Whom it meets, and how hard, is drawn from its own seed. */
export interface PlannedFault {
  readonly kind: FaultKind;
  /** After the beginning of the run. */
  readonly atMs: number;
  readonly lastsMs: number;
  readonly seed: number;
}

/** Faults that follow each other. Lanes run side by side, so that faults meet. */
export type Lane = readonly PlannedFault[];

export interface ScheduleOptions {
  readonly seed: number;
  readonly runMs: number;
  readonly kinds: readonly FaultKind[];
}

const laneCount = 3;
/** Orders are under way before the first fault, and faults end before the orders do. */
const quietShare = 0.05;
/** Between two faults of a lane, in which the system can be seen to recover. */
const gapMs = 1500;
/** A killed server or replica needs so long to come back, roughly. */
const returnMs = 2000;
const shortestMs = 500;

/**
 * Plans every kind once in a drawn order, then again in other orders while time is left. The same options give the same
 * schedule. When a run is too short for all kinds, each lasts less.
 */
export function planFaults({ seed, runMs, kinds }: ScheduleOptions): readonly Lane[] {
  const random = new Random(seed);
  const fromMs = runMs * quietShare;
  const untilMs = runMs * (1 - quietShare);
  const neededMs = sum(kinds.map((kind) => meanOf(definitionOf(kind).lastsMs) + returnMs + gapMs)) / laneCount;
  const scale = Math.min(1, (untilMs - fromMs) / (neededMs * 1.15));
  const lanes = Array.from({ length: laneCount }, () => ({ endsMs: fromMs, faults: [] as PlannedFault[] }));
  const planned = new Set<FaultKind>();
  for (;;) {
    for (const kind of random.shuffle(kinds)) {
      const { lastsMs, once, group } = definitionOf(kind);
      if (once && planned.has(kind)) continue;
      const busyUntilMs = Math.max(
        0,
        ...lanes.flatMap(({ faults }) =>
          faults.filter((fault) => definitionOf(fault.kind).group === group).map(endOf(scale)),
        ),
      );
      const lane = lanes.reduce((first, other) => (other.endsMs < first.endsMs ? other : first));
      const fault: PlannedFault = {
        kind,
        atMs: Math.round(Math.max(lane.endsMs, busyUntilMs)),
        lastsMs: Math.max(shortestMs, Math.round(random.between(...lastsMs) * scale)),
        seed: random.between(0, 2 ** 32 - 1),
      };
      const endsMs = endOf(scale)(fault);
      if (endsMs > untilMs && planned.has(kind)) return lanes.map(({ faults }) => faults);
      lane.faults.push(fault);
      lane.endsMs = endsMs;
      planned.add(kind);
    }
    if (kinds.every((kind) => definitionOf(kind).once)) return lanes.map(({ faults }) => faults);
  }
}

const endOf =
  (scale: number) =>
  ({ atMs, lastsMs }: PlannedFault): number =>
    atMs + lastsMs + (returnMs + gapMs) * scale;

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const meanOf = ([least, most]: readonly [number, number]) => (least + most) / 2;
