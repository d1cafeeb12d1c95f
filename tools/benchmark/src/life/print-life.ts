import { removePostgresData, startPostgres } from '@quadrille/local-servers';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { show } from '../figures.js';
import { table } from '../report/markdown.js';
import { lifeOfAnOrder } from './life-of-an-order.js';

const batchSizes = [1, 10, 100];

/** On a database server of its own, durable like any other. */
export async function printLife(say: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-life-'));
  const server = await startPostgres({ directory: join(directory, 'postgres') });
  try {
    const databaseUrls = {
      order: await database(server.url, 'order'),
      inventory: await database(server.url, 'inventory'),
      payment: await database(server.url, 'payment'),
    };
    const steps = await lifeOfAnOrder({ databaseUrls, batchSizes, rounds: 30 });
    const sum = (size: number) => steps.reduce((total, { usPerOrder }) => total + (usPerOrder[size] ?? 0), 0);
    say(
      table([
        ['round', 'statements', ...batchSizes.map((size) => `µs per order, ${size} in a round`)],
        ...steps.map(({ what, statements, usPerOrder }) => [
          what,
          String(statements),
          ...batchSizes.map((size) => show(usPerOrder[size] ?? 0)),
        ]),
        ['together', '', ...batchSizes.map((size) => show(sum(size)))],
      ]),
    );
  } finally {
    await server.stop();
    removePostgresData(join(directory, 'postgres'));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function database(adminUrl: string, name: string): Promise<string> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`create database life_${name}`).finally(() => client.end());
  const url = new URL(adminUrl);
  url.pathname = `life_${name}`;
  return url.href;
}
