import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './kustomize.js';
import { nameOf, type Resource } from './resource.js';

const kinds = fileURLToPath(new URL('resource.js', import.meta.url));

/**
 * Compares resources with Kubernetes' own types: one sentence for each wrong type, missing field and field that there is not.
 * Each resource becomes a typed constant on a line of its own, and the compiler says the rest.
 */
export function typeErrors(resources: readonly Resource[]): string[] {
  const home = join(root, '.quadrille');
  mkdirSync(home, { recursive: true });
  const directory = mkdtempSync(join(home, 'manifests-'));
  try {
    const constants = resources.map(
      (resource, index) => `export const r${index}: Kinds['${resource.kind}'] = ${JSON.stringify(resource)};`,
    );
    const lines = [`import type { Kinds } from ${JSON.stringify(kinds)};`, ...constants];
    writeFileSync(join(directory, 'manifests.ts'), lines.join('\n'));
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(settings));
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', directory, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    return sentences(stdout, resources);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const settings = {
  extends: join(root, 'tsconfig.base.json'),
  compilerOptions: { types: [], exactOptionalPropertyTypes: false },
  files: ['manifests.ts'],
};

function sentences(output: string, resources: readonly Resource[]): string[] {
  return output
    .split('\n')
    .filter((line) => line.includes('error TS'))
    .map((line) => {
      const [, number, words] = /manifests\.ts\((\d+),\d+\): error TS\d+: (.*)$/.exec(line) ?? [];
      const resource = resources[Number(number) - 2];
      return resource ? `${resource.kind} ${nameOf(resource)}: ${words}` : line;
    });
}
