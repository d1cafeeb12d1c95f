import { Client } from 'pg';

/**
 * Puts away what a party has left to the database: dead rows, tables nobody has analyzed, pages that are not on disk yet. The
 * database would do it in its own time, which is the next party's, and its processes would be charged to that one.
 */
export async function putAwayLeftovers(postgresUrl: string): Promise<void> {
  const databases = await inDatabase(postgresUrl, (client) =>
    client.query<{ name: string }>('select datname as name from pg_database where not datistemplate'),
  );
  for (const { name } of databases.rows) {
    const url = new URL(postgresUrl);
    url.pathname = `/${encodeURIComponent(name)}`;
    await inDatabase(url.href, (client) => client.query('vacuum (analyze)'));
  }
  await inDatabase(postgresUrl, (client) => client.query('checkpoint'));
}

async function inDatabase<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}
