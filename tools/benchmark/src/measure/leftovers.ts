import { rows } from '@quadrille/e2e/evidence';
import { z } from 'zod';

const database = z.object({ name: z.string() });

/**
 * Puts away what a party has left to the database: dead rows, tables nobody has analyzed, pages that are not on disk yet. The
 * database would do it in its own time, which is the next party's, and its processes would be charged to that one.
 */
export async function putAwayLeftovers(postgresUrl: string): Promise<void> {
  const everyDatabase = 'select datname as name from pg_database where not datistemplate';
  for (const { name } of await rows(postgresUrl, everyDatabase, database)) {
    const url = new URL(postgresUrl);
    url.pathname = `/${encodeURIComponent(name)}`;
    await rows(url.href, 'vacuum (analyze)', z.unknown());
  }
  await rows(postgresUrl, 'checkpoint', z.unknown());
}
