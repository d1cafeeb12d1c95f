import { describe, expect, it, test } from '@jest/globals';
import { equivalentMutants } from './equivalent.js';
import { generatedMutants } from './generated-mutants.js';
import { hunt } from './hunt.js';
import { namedMutants } from './named-mutants.js';
import { mutantsOf } from './source-mutants.js';

const seedsMax = 2_000;

describe('the simulation notices when', () => {
  it.each(namedMutants.map((mutant) => [mutant.name, mutant] as const))('%s', (_, mutant) => {
    expect(hunt(mutant, seedsMax)).not.toBeNull();
  });

  test('each mutant has its own name', () => {
    expect(new Set(namedMutants.map(({ name }) => name)).size).toBe(namedMutants.length);
  });
});

describe('of the mutants that are generated from the deciders', () => {
  const generated = generatedMutants();
  const killable = generated.filter(({ name }) => !(name in equivalentMutants));

  // `npm run mutants` hunts all of them.
  it.each(killable.filter((_, index) => index % 8 === 0).map((mutant) => [mutant.name, mutant] as const))(
    'one dies: %s',
    (_, mutant) => {
      expect(hunt(mutant, seedsMax)).not.toBeNull();
    },
  );

  test('there are enough of every decider', () => {
    const count = (service: string) => generated.filter(({ name }) => name.startsWith(service)).length;
    expect(Math.min(count('order'), count('inventory'), count('payment'))).toBeGreaterThan(30);
  });

  test('those that are called equivalent exist', () => {
    const names = new Set(generated.map(({ name }) => name));
    expect(Object.keys(equivalentMutants).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('a source text', () => {
  const changesOf = (source: string) => mutantsOf(source).map((mutant) => mutant.source);

  it('loses its guards', () => {
    expect(changesOf('if (ready) return go();')).toEqual(['if (false) return go();', 'if (true) return go();']);
  });

  it('keeps its assertions', () => {
    expect(changesOf('if (!ready) throw new Error();')).toEqual(['if (true) throw new Error();']);
  });

  it('has its alternatives forced and its comparisons shifted', () => {
    expect(changesOf('x = a > b ? c : d;')).toEqual(['x = (c);', 'x = (d);', 'x = a >= b ? c : d;']);
    expect(changesOf('x = a && b;')).toEqual(['x = (a);', 'x = (b);']);
  });

  it('forgets events and bends statuses', () => {
    expect(changesOf('x = [a, b];')).toEqual(['x = [b];', 'x = [a];']);
    expect(changesOf("x = { status: 'held' }; y = { status: 'closed' };")).toEqual([
      "x = { status: 'closed' }; y = { status: 'closed' };",
      "x = { status: 'held' }; y = { status: 'held' };",
    ]);
  });
});
