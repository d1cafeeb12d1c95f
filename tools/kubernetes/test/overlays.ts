import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOverlay, root } from '../src/kustomize.js';
import { nameOf, ofKind, type Resources } from '../src/resource.js';

/** Each is built when it is first asked for: that takes half a second. */
export const overlays: { readonly local: Resources; readonly production: Resources } = {
  get local() {
    return built('local');
  },
  get production() {
    return built('production');
  },
};

/** The Job before a rollout, whose name ends with the release. */
export const setupJob = () => nameOf(ofKind(overlays.local, 'Job')[0]!);

const known = new Map<string, Resources>();

function built(name: string): Resources {
  const resources = known.get(name) ?? buildOverlay(`k8s/overlays/${name}`);
  known.set(name, resources);
  return resources;
}

interface Secret {
  readonly metadata: { readonly name: string };
  readonly stringData: Readonly<Record<string, string>>;
}

/** What the generator prints when it is run twice, and the mode of the file it keeps. */
export function localSecrets(): { readonly first: Secret[]; readonly second: Secret[]; readonly mode: number } {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-secrets-'));
  try {
    const file = join(directory, 'below', 'secrets.json');
    const print = () => {
      const text = execFileSync(process.execPath, [join(root, 'tools/kubernetes/local-secrets.mjs'), file], {
        encoding: 'utf8',
      });
      return (JSON.parse(text) as { items: Secret[] }).items;
    };
    return { first: print(), second: print(), mode: statSync(file).mode & 0o777 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
