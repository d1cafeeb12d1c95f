import { describe, expect, test } from '@jest/globals';
import { secretNames } from '../src/policies/secrets.js';
import { workloadsOf } from '../src/workload.js';
import { localSecrets, overlays } from './overlays.js';

describe('secrets', () => {
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
