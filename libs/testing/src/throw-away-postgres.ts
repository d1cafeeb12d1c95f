import { startPostgres } from '@quadrille/local-servers';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ThrowAwayPostgres {
  /** With the administrator's credentials. */
  readonly url: string;
  end(): Promise<void>;
}

/** A PostgreSQL for one suite alone, that may turn its settings. It keeps what it commits, unless told otherwise. */
export async function throwAwayPostgres(): Promise<ThrowAwayPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-test-'));
  chmodSync(directory, 0o755); // Root's PostgreSQL runs as another user.
  const server = await startPostgres({ directory: join(directory, 'postgres') });
  return {
    url: server.url,
    async end() {
      await server.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
