import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { unpackKustomize } from './kustomize-package.js';
import type { Resource } from './resource.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What `kubectl apply -k` would apply. */
export function buildOverlay(directory: string): Resource[] {
  const [command, ...args] = kustomize();
  const text = execFileSync(command, [...args, directory], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return parseAllDocuments(text).map((document) => document.toJS() as Resource);
}

type Command = readonly [string, ...string[]];
let found: Command | undefined;

/** That of the machine when it is new enough, else Debian 13's, unpacked under `.quadrille/`. */
function kustomize(): Command {
  found ??= ofTheMachine() ?? [unpackKustomize(`${root}.quadrille/kustomize`), 'build'];
  return found;
}

function ofTheMachine(): Command | undefined {
  const asked = said('kubectl', ['version', '--client', '--output=json']);
  if (majorOf(asked?.match(/"kustomizeVersion": "(.*)"/)?.[1]) >= 5) return ['kubectl', 'kustomize'];
  return majorOf(said('kustomize', ['version'])) >= 5 ? ['kustomize', 'build'] : undefined;
}

function majorOf(version = ''): number {
  return Number(/v(\d+)\./.exec(version)?.[1] ?? 0);
}

function said(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    // It is not there, or too old to know the question.
    return undefined;
  }
}
