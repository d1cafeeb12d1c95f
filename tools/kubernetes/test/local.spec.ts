import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { root } from '../src/kustomize.js';
import { setupJob } from './overlays.js';

/** The script itself, with programs in its path that write down how they are called. */
describe('k8s/local.sh', () => {
  const release = setupJob().replace('setup-', '');
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'quadrille-local-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function run(context: string) {
    mkdirSync(join(directory, 'bin'));
    const calls = join(directory, 'calls');
    writeFileSync(calls, '');
    for (const name of ['docker', 'kind', 'k3d', 'minikube', 'kubectl', 'node']) {
      const answer = name === 'kubectl' ? `case "$*" in 'config current-context') echo ${context} ;; esac` : '';
      writeFileSync(join(directory, 'bin', name), `#!/bin/sh\necho "${name} $*" >> ${calls}\n${answer}\n`, {
        mode: 0o755,
      });
    }
    const { status, stdout, stderr } = spawnSync(join(root, 'k8s/local.sh'), {
      env: { PATH: `${join(directory, 'bin')}:/usr/bin:/bin` },
      encoding: 'utf8',
    });
    return { status, stdout, stderr, calls: readFileSync(calls, 'utf8').trim().split('\n') };
  }

  test.each([
    ['kind-kind', 'kind load docker-image --name kind quadrille/order'],
    ['k3d-lap', 'k3d image import --cluster lap quadrille/order'],
    ['minikube', 'minikube image load quadrille/order'],
  ])('brings every image into %s, applies the overlay and waits for the setup step', (context, load) => {
    const { status, stdout, calls } = run(context);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('Quadrille runs.') });
    expect(calls.filter((call) => call.startsWith('docker build'))).toHaveLength(5);
    expect(calls).toContain(`${load}:${release}`);
    const steps = [
      'kubectl apply --kustomize',
      'node tools/kubernetes/local-secrets.mjs',
      'kubectl --namespace quadrille wait',
    ];
    const places = steps.map((step) => calls.findIndex((call) => call.startsWith(step)));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('touches nothing when kubectl speaks to another cluster', () => {
    const { status, stderr, calls } = run('arn:aws:eks:production');
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('Nothing was changed.') });
    expect(calls).toEqual(['kubectl config current-context']);
  });
});
