import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { knownValues } from './known-values.js';
import { secretsIn } from './secrets.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** What npm generates is full of checksums, and this suite of what it looks for. */
const ownBusiness = ['package-lock.json', 'tools/house/src/secrets.spec.ts', 'tools/house/src/known-values.ts'];
const texts = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && !ownBusiness.includes(file))
  .map((file) => ({ file, text: textOf(file) }));

function textOf(file: string): string {
  try {
    return readFileSync(`${root}${file}`, 'utf8');
  } catch (error) {
    // Removed, and not committed yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

describe('secrets', () => {
  it('are not in the repository', async () => {
    expect(texts.length).toBeGreaterThan(500);
    const found = await Promise.all(texts.map(({ file, text }) => secretsIn(file, text, knownValues)));
    expect(found.flat()).toEqual([]);
  });

  it('that are known to be none are all there', () => {
    const gone = knownValues.filter(({ value }) => !texts.some(({ text }) => text.includes(value)));
    expect(gone).toEqual([]);
  });

  it.each([
    ['-----BEGIN EC PRIVATE KEY-----', 'a private key'],
    [`value: sk_${'live'}_4eC39HqLyjWDarjtT1zdp7dc`, 'a Stripe key'],
    [`- ${'whsec'}_0123456789abcdef`, 'a webhook secret'],
    ['value: AKIAIOSFODNN7EXAMPLE', 'an access key'],
    ['Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0', 'a token'],
    ['url: postgres://order:Tr0ub4dor@db/order', 'a URL with a password'],
    ['  password: Tr0ub4dor', 'a value for a secret'],
    ['  admin-token: "quadrille-on-a-laptop"', 'a value for a secret'],
    ["const apiKey = 'Tr0ub4dor';", 'a value for a secret'],
    ['kind: Secret', 'a Secret'],
    ['data: aGVsbG8gd29ybGQ3NzExaGVsbG8gd29ybGQ=', 'something random'],
    [`//registry.npmjs.org/:_authToken=npm_${'a1B2'.repeat(9)}`, 'NPM_ACCESS_TOKEN'],
    [`token=ghp_${'a1B2'.repeat(9)}`, 'GITHUB_TOKEN'],
  ])('would be seen: %s', async (line, what) => {
    expect(await secretsIn('k8s/base/planted.yaml', `# A comment.\n${line}\n`, knownValues)).toContain(
      `k8s/base/planted.yaml:2 has ${what}.`,
    );
  });

  it('are seen beside a value that is known', async () => {
    const known = [{ value: 'hunter2', why: 'Everybody knows it.' }];
    const line = (password: string) => `a: postgres://a:hunter2@b/c b: postgres://a:${password}@b/c`;
    expect(await secretsIn('a.yaml', line('hunter2'), known)).toEqual([]);
    expect(await secretsIn('a.yaml', line('Tr0ub4dor'), known)).toContain('a.yaml:1 has a URL with a password.');
  });
});
