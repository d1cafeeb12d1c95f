import { afterAll } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for one suite. Open to other users, because root's PostgreSQL runs as one. */
export function throwAwayDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-servers-'));
  chmodSync(directory, 0o755);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
