import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isRunning, type ProcessIdentity } from './process-table.js';

/** Another process that runs now owns the directory. */
export class DirectoryInUse extends Error {
  constructor(
    readonly directory: string,
    readonly owner: ProcessIdentity,
  ) {
    super(`${directory} is in use by process ${owner.pid}.`);
    this.name = 'DirectoryInUse';
  }
}

export interface DirectoryLock {
  release(): void;
}

/**
 * Claims a directory for this process, or throws `DirectoryInUse`. A claim whose owner has ended, however it ended, is
 * void: it names the moment the owner began beside its process id, which may since belong to somebody else.
 */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'lock');
  const mine = JSON.stringify(identityOf(process.pid));
  const draft = `${file}.${process.pid}`;
  for (;;) {
    writeFileSync(draft, mine);
    try {
      linkSync(draft, file); // Unlike a rename, a link never replaces what is there.
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(draft);
    }
    const owner = ownerIn(file);
    if (owner && isRunning(owner)) throw new DirectoryInUse(directory, owner);
    setAside(file, draft);
  }
}

function ownerIn(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined; // Gone by now, or unreadable: either way nobody's claim.
  }
}

/** Takes a void claim away; a valid one that somebody made in the meantime is put back. */
function setAside(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const owner = ownerIn(aside);
  if (owner && isRunning(owner)) renameSync(aside, file);
  else unlinkSync(aside);
}
