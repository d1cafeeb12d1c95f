import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = new URL('../../../', import.meta.url);
const text = (file: string) => readFileSync(new URL(file, root), 'utf8');
const quoted = (line: string) => [...line.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** The faults that were thought of before the system was: each has its row, whatever becomes of the document. Their numbers have gaps. */
const faults = [
  // Announcing and hearing.
  'F01 F02 F03 F04 F05 F06 F07 F08 F09 F10 F11 F12 F13 F14',
  'F15 F16 F17 F18 F19 F20 F21 F22 F23 F24 F25 F26 F27 F28 F29 F30',
  // Broker and database.
  'F31 F33 F34 F35 F36 F37 F38 F39 F40 F41 F43',
  'F44 F46 F47 F48 F49 F50 F51 F53',
  // Orders.
  'F55 F56 F57 F58 F59 F60 F61 F62 F64 F65 F66 F67 F68 F70 F71 F72 F73 F74 F76 F77',
].flatMap((line) => line.split(' '));

describe('docs/guarantees.md', () => {
  const guarantees = text('docs/guarantees.md');
  const rows = guarantees.split('\n').filter((line) => /^\| F\d/.test(line));

  it('has one row for each fault, and each says by what it is shown or that it is a limit', () => {
    expect(rows.flatMap((row) => row.split('|')[1]?.trim().split(', ')).sort()).toEqual(faults);
    for (const row of rows) expect(row.split('|').at(-2)).toMatch(/`|chaos|simulation|mutant|limit/);
  });

  it('names only suites that exist', () => {
    const suites = new Set(
      ['apps', 'libs', 'tools'].flatMap((area) =>
        readdirSync(new URL(area, root), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.spec.ts') && !file.includes('node_modules'))
          .map((file) => basename(file)),
      ),
    );

    const named = quoted(guarantees).filter((name) => /^[\w.-]+\.spec\.ts$/.test(name));

    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !suites.has(name))).toEqual([]);
  });

  it.each([
    ['chaos', 'apps/e2e/src/chaos/fault-kinds.ts'],
    ['simulation', 'apps/simulation/src/faults.ts'],
  ])('names only faults that the %s makes', (command, file) => {
    const made = text(file);

    // "chaos `one`, `two` at `a step`; next": the names that follow the word, up to anything else than a comma.
    const named = rows.flatMap((row) =>
      [...row.matchAll(new RegExp(`${command} ((?:\`[^\`]+\`(?:, )?)+)`, 'g'))].flatMap(([, names = '']) =>
        quoted(names),
      ),
    );

    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !new RegExp(`^ +'?${name}'?:`, 'm').test(made))).toEqual([]);
  });
});
