import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from '@jest/globals';
import { mutated } from './plumbing-mutant.js';
import { plumbingMutants } from './plumbing-mutants.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const text = (file: string) => readFileSync(`${root}${file}`, 'utf8');

describe('a mutant of the plumbing that ships', () => {
  it.each(plumbingMutants.map((mutant) => [mutant.name, mutant] as const))('applies: %s', (_, mutant) => {
    const source = text(mutant.file);
    expect(mutated(mutant, source)).not.toBe(source);
  });

  it.each(plumbingMutants.map(({ name, noticedBy }) => [name, noticedBy] as const))(
    'has a test that is to notice it: %s',
    (_, { spec, test }) => {
      expect(text(spec).includes(test)).toBe(true);
    },
  );

  it('that does not apply says so', () => {
    const mutant = {
      name: 'nothing',
      breaks: 'everything',
      file: 'a.ts',
      edits: [{ find: 'b', replace: 'c' }],
      noticedBy: { spec: 'a.spec.ts', test: 'a' },
    };
    expect(() => mutated(mutant, 'abba')).toThrow('"nothing" does not apply: a.ts contains 2 times, and not once:\nb');
    expect(mutated(mutant, 'abacus')).toBe('acacus');
  });
});

test('there are enough of them, each with a name of its own', () => {
  const names = plumbingMutants.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(25);
});
