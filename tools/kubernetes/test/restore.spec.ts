import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildOverlay, root } from '../src/kustomize.js';
import { changesNoTable, everySecretIsFetched } from '../src/policies/secrets.js';
import { keepsWhatItConfirmed } from '../src/policies/servers.js';
import { ofKind, type Resources } from '../src/resource.js';
import { typeErrors } from '../src/type-check.js';
import { overlays } from './overlays.js';
import { spoil } from './planted.js';

describe('k8s/restore', () => {
  test.each(['order', 'inventory', 'payment'])('brings %s back to a moment, and changes nothing else', (service) => {
    const restored = productionWith(service);
    const name = `${service}-db`;
    const cluster = ofKind(restored, 'Cluster').find(({ metadata }) => metadata.name === name)!;
    expect(cluster.spec.bootstrap).toEqual({
      recovery: expect.objectContaining({ database: `quadrille_${service}`, owner: `quadrille_${service}_owner` }),
    });
    const others = (resources: Resources) => resources.filter(({ metadata }) => metadata?.name !== name);
    expect(others(restored)).toEqual(others(overlays.production));
    for (const policy of [keepsWhatItConfirmed, everySecretIsFetched, changesNoTable])
      expect(policy(restored)).toEqual([]);
  });

  test('has the types of the operator', () => {
    expect(typeErrors(productionWith('order'))).toEqual([]);
  });

  test('would be seen to overwrite the archive that it reads', () => {
    const spoilt = spoil(productionWith('order'), 'Cluster', 'order-db', ({ spec }) => {
      spec.plugins[0]!.parameters.serverName = 'order-db';
    });
    expect(keepsWhatItConfirmed(spoilt)).toEqual([
      'order-db writes to the archive order-db, from which it is restored.',
    ]);
  });
});

/** The production overlay with the component, made a service's as docs/deploy.md says. */
function productionWith(service: string): Resources {
  mkdirSync(join(root, '.quadrille'), { recursive: true });
  const directory = mkdtempSync(join(root, '.quadrille/restore-'));
  try {
    cpSync(join(root, 'k8s/restore'), join(directory, 'restore'), { recursive: true });
    for (const file of ['kustomization.yaml', 'recovery.yaml']) {
      const path = join(directory, 'restore', file);
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll('order', service));
    }
    writeFileSync(
      join(directory, 'kustomization.yaml'),
      JSON.stringify({ resources: ['../../k8s/overlays/production'], components: ['restore'] }),
    );
    return buildOverlay(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
