import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = new URL('../../../', import.meta.url);
const text = (file: string) => readFileSync(new URL(file, root), 'utf8');
const quoted = (line: string) => [...line.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

describe('docs/guarantees.md', () => {
  const guarantees = text('docs/guarantees.md');
  const rows = guarantees.split('\n').filter((line) => /^\| F\d/.test(line));

  it('has a row for each fault, and each says by what it is shown or that it is a limit', () => {
    expect(rows.length).toBeGreaterThan(50);
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
    const faults = text(file);

    // "chaos `one`, `two` at `a step`; next": the names that follow the word, up to anything else than a comma.
    const named = rows.flatMap((row) =>
      [...row.matchAll(new RegExp(`${command} ((?:\`[^\`]+\`(?:, )?)+)`, 'g'))].flatMap(([, names = '']) =>
        quoted(names),
      ),
    );

    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !new RegExp(`^ +'?${name}'?:`, 'm').test(faults))).toEqual([]);
  });
});
