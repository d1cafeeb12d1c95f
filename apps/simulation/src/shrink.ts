import { simulate, type Run, type Setting } from './world.js';
import type { Fault } from './faults.js';
import type { Violation } from './rules/violation.js';

export interface Failure {
  readonly setting: Setting;
  readonly violation: Violation;
  /** The steps that led to it, as far as they speak of the orders and SKUs it is about. */
  readonly lines: readonly string[];
}

const seedsPerSize = 2_000;
const worldsCompared = 8;

/**
 * The same broken rule in the smallest world that is found: fewer orders first, then without every fault that it does not
 * need, and of several such worlds the one with the shortest history. The answer is the given setting itself when nothing
 * smaller breaks the rule.
 */
export function shrink(setting: Setting, violation: Violation): Failure {
  const breaks = (candidate: Setting) => simulate(candidate).violation?.rule === violation.rule;
  const smaller = [1, 2, 3, 5, 8].filter((orders) => orders < setting.orders);
  for (const orders of smaller) {
    const found = seedsThat((seed) => breaks({ ...setting, orders, seed }), setting.seed);
    if (found.length > 0) return shortest(found.map((seed) => failureOf(calmed({ ...setting, orders, seed }, breaks))));
  }
  return failureOf(calmed(setting, breaks));
}

function seedsThat(fail: (seed: number) => boolean, from: number): number[] {
  const found: number[] = [];
  for (let seed = from; seed < from + seedsPerSize && found.length < worldsCompared; seed++)
    if (fail(seed)) found.push(seed);
  return found;
}

/** Without each fault that the failure does not need. */
function calmed(setting: Setting, breaks: (candidate: Setting) => boolean): Setting {
  let calmest = setting;
  for (const fault of setting.faults) {
    const candidate = { ...calmest, faults: without(calmest.faults, fault) };
    if (breaks(candidate)) calmest = candidate;
  }
  return calmest;
}

function shortest(failures: readonly Failure[]): Failure {
  return failures.reduce((best, failure) => (failure.lines.length < best.lines.length ? failure : best));
}

export function failureOf(setting: Setting): Failure {
  const run: Run = simulate({ ...setting, record: true });
  if (!run.violation) throw new Error(`seed ${setting.seed} does not fail: a run is not what its seed says`);
  return { setting, violation: run.violation, lines: run.history.linesAbout(run.violation.about) };
}

function without(faults: ReadonlySet<Fault>, fault: Fault): ReadonlySet<Fault> {
  return new Set([...faults].filter((other) => other !== fault));
}
