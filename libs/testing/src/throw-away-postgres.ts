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
  // Read when it is needed, as in Jest's global setup: most users of this library start no server.
  const { startPostgres } = await import('@quadrille/local-servers');
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
