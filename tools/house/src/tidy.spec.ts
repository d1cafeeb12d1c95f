import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(Boolean);
const sources = files.filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith('tidy.spec.ts'));
const text = (file: string) => {
  try {
    return readFileSync(`${root}${file}`, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};
const holding = (pattern: RegExp, among = sources) => among.filter((file) => pattern.test(text(file)));

describe('the house is tidy', () => {
  it('has no test that is switched off or runs alone', () => {
    expect(holding(/\b(it|test|describe)\.(only|skip|todo)\b|\bx(it|describe)\(|\bf(it|describe)\(/)).toEqual([]);
  });

  it('has no promise to do something later in its code', () => {
    expect(holding(/\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it('has no folder whose name says nothing', () => {
    expect(files.filter((file) => /(^|\/)(utils?|common|shared|core|helpers?|managers?|misc)\//.test(file))).toEqual(
      [],
    );
  });

  it('has no file that two subjects share', () => {
    expect(sources.filter((file) => text(file).split('\n').length > 420)).toEqual([]);
  });

  it('names no address of a package registry in its lockfile', () => {
    expect(/"resolved": "https?:/.test(text('package-lock.json'))).toBe(false);
  });

  it('keeps the root clear', () => {
    expect(new Set(files.map((file) => file.split('/')[0])).size).toBeLessThanOrEqual(24);
  });
});
