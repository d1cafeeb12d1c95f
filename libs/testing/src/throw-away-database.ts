import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { serverUrl } from './server-url.js';

export interface ThrowAwayDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database of its own for one suite, on the test servers' PostgreSQL. */
export async function throwAwayDatabase(): Promise<ThrowAwayDatabase> {
  const admin = serverUrl('QUADRILLE_TEST_POSTGRES_URL');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await run(admin, `create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(admin, `drop database if exists ${name} with (force)`) };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
