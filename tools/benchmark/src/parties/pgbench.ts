import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** Why there is no limit to compare with, in one sentence. */
export class NoPgbench extends Error {}

const run = promisify(execFile);

/**
 * Finds pgbench, or fetches Debian's package of it and unpacks that into `directory`, which installs nothing and starts no
 * server. Rejects with `NoPgbench` where neither works.
 */
export async function findPgbench(directory: string): Promise<string> {
  const found = installed() ?? unpackedIn(directory);
  if (found !== undefined) return found;
  try {
    return await unpack(directory);
  } catch (cause) {
    throw new NoPgbench(
      'pgbench cannot be had on this machine: install it (Debian: `apt-get install postgresql-contrib`), or leave the limit out with --only.',
      { cause },
    );
  }
}

function installed(): string | undefined {
  const inPath = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'pgbench'));
  return [...versionsIn('/usr/lib/postgresql'), ...inPath].find(existsSync);
}

function unpackedIn(directory: string): string | undefined {
  return versionsIn(join(directory, 'usr/lib/postgresql')).find(existsSync);
}

/** Debian's wrapper in PATH guesses a version; the program itself lies here. Newest first. */
function versionsIn(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, 'bin', 'pgbench'));
}

async function unpack(directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  if (process.getuid?.() === 0) await run('apt-get', ['update', '-q']);
  const { stdout } = await run('apt-cache', ['depends', 'postgresql']);
  const server = /Depends: (postgresql-\d+)/.exec(stdout)?.[1];
  if (server === undefined) throw new Error('this system has no package postgresql');
  await run('apt-get', ['download', '-q', server, 'libpq5'], { cwd: directory, maxBuffer: 16 * 1024 * 1024 });
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.deb')))
    await run('dpkg-deb', ['-x', join(directory, name), directory]);
  const found = unpackedIn(directory);
  if (found === undefined) throw new Error(`${server} holds no pgbench`);
  await run(found, ['--version'], { env: environmentOf(found) });
  return found;
}

/** An unpacked pgbench finds the client library that was unpacked beside it. */
export function environmentOf(pgbench: string): NodeJS.ProcessEnv {
  const [root] = pgbench.split('/usr/lib/postgresql');
  const libraries = existsSync(join(root ?? '', 'usr/lib'))
    ? readdirSync(join(root ?? '', 'usr/lib'))
        .filter((name) => name.endsWith('-linux-gnu'))
        .map((name) => join(root ?? '', 'usr/lib', name))
    : [];
  return { PATH: process.env['PATH'], ...(root && { LD_LIBRARY_PATH: libraries.join(':') }) };
}
