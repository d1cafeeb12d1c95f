import { escapeIdentifier } from 'pg';

/** Says one statement to the database, and answers with its rows. */
type Say = (sql: string) => Promise<unknown>;

/**
 * Lets a role run the service on tables that another owns: it reads and writes rows and changes no table, and the log it only adds to.
 * Said by the owner, after all migrations.
 */
export async function letUse(say: Say, role: string): Promise<void> {
  const to = escapeIdentifier(role);
  const tables = (await say(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
  )) as { readonly name: string }[];
  for (const { name } of tables) await say(`grant ${rightsOn(name)} on ${escapeIdentifier(name)} to ${to}`);
  await say(`grant usage, select on all sequences in schema public to ${to}`);
  await say(`grant execute on all functions in schema public to ${to}`);
  // Partitions that are made later are written through their parents.
  await say(`alter default privileges in schema public grant select on tables to ${to}`);
}

function rightsOn(table: string): string {
  if (table === 'log') return 'select, insert';
  if (table === 'migrations' || /^log_p\d+$/.test(table)) return 'select';
  return 'select, insert, update, delete';
}
