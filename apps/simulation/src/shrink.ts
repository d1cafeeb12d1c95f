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

/**
 * The same broken rule in the smallest world that is found: fewer orders first, then without every fault that it does not
 * need. The answer is the given setting itself when nothing smaller breaks the rule.
 */
export function shrink(setting: Setting, violation: Violation): Failure {
  let smallest = setting;
  const breaks = (candidate: Setting) => simulate(candidate).violation?.rule === violation.rule;
  search: for (const orders of [1, 2, 3, 5, 8].filter((count) => count < setting.orders))
    for (let offset = 0; offset < seedsPerSize; offset++) {
      const candidate = { ...setting, orders, seed: setting.seed + offset };
      if (!breaks(candidate)) continue;
      smallest = candidate;
      break search;
    }
  for (const fault of setting.faults) {
    const candidate = { ...smallest, faults: without(smallest.faults, fault) };
    if (breaks(candidate)) smallest = candidate;
  }
  return failureOf(smallest);
}

export function failureOf(setting: Setting): Failure {
  const run: Run = simulate({ ...setting, record: true });
  if (!run.violation) throw new Error(`seed ${setting.seed} does not fail: a run is not what its seed says`);
  return { setting, violation: run.violation, lines: run.history.linesAbout(run.violation.about) };
}

function without(faults: ReadonlySet<Fault>, fault: Fault): ReadonlySet<Fault> {
  return new Set([...faults].filter((other) => other !== fault));
}
