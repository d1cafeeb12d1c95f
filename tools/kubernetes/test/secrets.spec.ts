import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from '../src/kustomize.js';
import { secretNames, secretsIn } from '../src/policies/secrets.js';
import { workloadsOf } from '../src/workload.js';
import { localSecrets, overlays } from './overlays.js';

describe('secrets', () => {
  test('are not in the repository', () => {
    const files = execFileSync(
      'git',
      ['ls-files', '--cached', '--others', '--exclude-standard', 'k8s', 'docs/deploy.md'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    const found = files
      .trim()
      .split('\n')
      .flatMap((file) => secretsIn(readFileSync(join(root, file), 'utf8')).map((line) => `${file}, ${line}`));
    expect(found).toEqual([]);
  });

  test.each([
    ['-----BEGIN EC PRIVATE KEY-----', 'a private key'],
    [`value: sk_${'live'}_4eC39HqLyjWDarjtT1zdp7dc`, 'a Stripe key'],
    [`- ${'whsec'}_0123456789abcdef`, 'a webhook secret'],
    ['value: AKIAIOSFODNN7EXAMPLE', 'an access key'],
    ['url: postgres://order:hunter22@db/order', 'a URL with a password'],
    ['  password: hunter22', 'a value for a secret'],
    ['  admin-token: "quadrille-on-a-laptop"', 'a value for a secret'],
    ['kind: Secret', 'a Secret'],
    ['data: aGVsbG8gd29ybGQ3NzExaGVsbG8gd29ybGQ=', 'something random'],
  ])('would be seen: %s', (line, what) => {
    expect(secretsIn(line)).toContain(`line 1: ${what}`);
  });

  test('of a laptop are drawn once, and their file is for its owner alone', () => {
    const { first, second, mode } = localSecrets();
    expect(second).toEqual(first);
    expect(mode).toBe(0o600);
    const values = first.flatMap(({ stringData }) => Object.entries(stringData)).filter(([key]) => key !== 'username');
    expect(new Set(values.map(([, value]) => value)).size).toBe(values.length);
  });

  test('of a laptop are those that its pods wait for', () => {
    const wanted = new Set(workloadsOf(overlays.local).flatMap(secretNames));
    const { first } = localSecrets();
    expect(first.map(({ metadata }) => metadata.name).sort()).toEqual([...wanted].sort());
    const keys = new Map(first.map(({ metadata, stringData }) => [metadata.name, Object.keys(stringData)]));
    for (const { container } of workloadsOf(overlays.local))
      for (const { valueFrom } of container.env ?? [])
        if (valueFrom?.secretKeyRef)
          expect(keys.get(valueFrom.secretKeyRef.name!)).toContain(valueFrom.secretKeyRef.key);
  });
});
