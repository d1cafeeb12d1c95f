import { describe, expect, test } from '@jest/globals';
import { ofKind, type Kinds } from '../src/resource.js';
import { typeErrors } from '../src/type-check.js';
import { containerOf, spoil } from './planted.js';
import { overlays, setupJob } from './overlays.js';

describe('the manifests', () => {
  test('build, and no two resources share a name', () => {
    for (const resources of Object.values(overlays)) {
      const names = resources.map(({ kind, metadata }) => `${kind} ${metadata?.namespace}/${metadata?.name}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test('bring no resource of an operator to a laptop', () => {
    const builtIn = /^(v1|apps\/v1|batch\/v1|policy\/v1|networking\.k8s\.io\/v1)$/;
    expect(overlays.local.filter(({ apiVersion }) => !builtIn.test(apiVersion ?? ''))).toEqual([]);
  });

  test('have databases that keep what a statement has freed', () => {
    const [laptop] = ofKind(overlays.local, 'StatefulSet').filter(({ metadata }) => metadata?.name === 'postgres');
    const clusters = ofKind(overlays.production, 'Cluster');
    expect(clusters).toHaveLength(3);
    for (const env of [containerOf(laptop!).env, ...clusters.map(({ spec }) => spec.env)])
      expect(env).toEqual(
        expect.arrayContaining([
          { name: 'MALLOC_TRIM_THRESHOLD_', value: '4194304' },
          { name: 'MALLOC_MMAP_THRESHOLD_', value: '4194304' },
        ]),
      );
  });

  test('have the types that Kubernetes and the operators give them, and no other is accepted', () => {
    const { local, production } = overlays;
    const pick = <K extends keyof Kinds>(kind: K, name: string, change: (resource: Kinds[K]) => unknown) =>
      spoil(production, kind, name, change as never).find((one) => one.kind === kind && one.metadata?.name === name)!;
    const spoilt = [
      pick('Deployment', 'order-http', (one) => Object.assign(one.spec!, { replica: 3 })),
      pick('Deployment', 'payment-http', (one) => Object.assign(containerOf(one).livenessProbe!, { periodSecond: 1 })),
      pick('Service', 'order-http', (one) => Object.assign(one.spec!.ports![0]!, { port: '80' })),
      pick('Job', setupJob(), (one) => Reflect.deleteProperty(containerOf(one), 'name')),
      pick('Cluster', 'order-db', (one) => Object.assign(one.spec, { instance: 3 })),
      pick('ScaledObject', 'order-consumers', (one) => Object.assign(one.spec.triggers[0]!, { type: 'rabitmq' })),
      { ...ofKind(production, 'Namespace')[0]!, kind: 'Namespaces' as 'Namespace' },
    ];
    // One run of the compiler for what is right and what is not.
    expect(typeErrors([...local, ...production, ...spoilt])).toEqual([
      expect.stringMatching(/^Deployment order-http: .*'"replica"' does not exist/),
      expect.stringMatching(/^Deployment payment-http: .*'"periodSecond"' does not exist/),
      expect.stringMatching(/^Service order-http: .*'string' is not assignable to type 'number'/),
      expect.stringMatching(/^Job setup-.*: .*'name' is missing/),
      expect.stringMatching(/^Cluster order-db: .*'"instance"' does not exist/),
      expect.stringMatching(/^ScaledObject order-consumers: .*"rabbitmq"/),
      expect.stringMatching(/^Namespaces quadrille: .*'Namespaces'/),
    ]);
  });
});
