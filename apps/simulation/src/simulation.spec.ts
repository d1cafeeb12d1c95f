import { describe, expect, it } from '@jest/globals';
import { Coverage } from './coverage.js';
import { judgeCoverage } from './coverage-table.js';
import { allFaults, type Fault } from './faults.js';
import { hunt } from './mutation/hunt.js';
import { namedMutants } from './mutation/named-mutants.js';
import { failureOf, shrink } from './shrink.js';
import { simulate, type Setting } from './world.js';

const everything = new Set(allFaults);
const setting = (seed: number, more: Partial<Setting> = {}): Setting => ({
  seed,
  orders: 20,
  faults: everything,
  ...more,
});

describe('the simulation', () => {
  it('finds that every rule holds, whatever goes wrong', () => {
    const coverage = new Coverage();
    for (let seed = 1; seed <= 400; seed++) {
      const run = simulate(setting(seed));
      expect([seed, run.violation?.message]).toEqual([seed, undefined]);
      coverage.add(run.coverage);
    }
    expect(judgeCoverage(coverage).unexpected).toEqual([]);
  });

  it.each(allFaults)('finds that every rule holds when %s alone goes wrong', (fault) => {
    for (let seed = 1; seed <= 10; seed++)
      expect(simulate(setting(seed, { faults: new Set<Fault>([fault]) })).violation).toBeNull();
  });

  it('takes the same steps for the same seed, recorded or not', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const [once, again] = [simulate(setting(seed)), simulate(setting(seed, { record: true }))];
      expect([again.hash, again.steps]).toEqual([once.hash, once.steps]);
      expect(simulate(setting(seed, { record: true })).history.lines).toEqual(again.history.lines);
    }
  });

  it('takes other steps for another seed', () => {
    const hashes = new Set(Array.from({ length: 50 }, (_, seed) => simulate(setting(seed)).hash));
    expect(hashes.size).toBe(50);
  });

  it('shows a broken rule in the smallest world it finds, and replays it', () => {
    const mutant = namedMutants.find(({ name }) => name === 'inventory: the tombstone is forgotten')!;
    const { seed, violation } = hunt(mutant, 600)!;
    const failure = shrink(setting(seed, { ...mutant }), violation);
    expect(failure.setting.orders).toBeLessThanOrEqual(2);
    expect(failure.lines.length).toBeLessThan(60);
    expect(failure.lines.some((line) => line.includes('decides Release'))).toBe(true);
    expect(failureOf(failure.setting)).toEqual(failure);
  });
});
