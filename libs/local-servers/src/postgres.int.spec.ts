import { describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { throwAwayDirectory } from '../test/throw-away-directory.js';
import { DirectoryInUse } from './directory-lock.js';
import { type LocalServer, removePostgresData, startPostgres } from './postgres.js';
import { isRunning, processTree } from './process-table.js';

const root = throwAwayDirectory();

describe('a private PostgreSQL', () => {
  test('keeps its data from one start to the next, and leaves no process', async () => {
    const directory = join(root, 'kept');
    const first = await startPostgres({ directory, durable: false });
    await query(first, `create table note (text text)`);
    await query(first, `insert into note values ('kept')`);
    await expect(startPostgres({ directory })).rejects.toThrow(DirectoryInUse);
    const tree = processTree(first.pid);
    expect(tree.length).toBeGreaterThan(3);
    await first.stop();
    expect(tree.filter(isRunning)).toEqual([]);

    const second = await startPostgres({ directory, durable: false });
    expect(await query(second, `select text from note`)).toEqual([{ text: 'kept' }]);
    await second.stop();
  });

  test('starts again on its old port after a kill, with what was committed', async () => {
    const directory = join(root, 'killed');
    const first = await startPostgres({ directory });
    await query(first, `create table note as select 'committed' as text`);
    const tree = processTree(first.pid);
    await first.kill('SIGKILL');
    expect(tree.filter(isRunning)).toEqual([]);
    const second = await startPostgres({ directory, port: first.port });
    expect(second.url).toBe(first.url);
    expect(await query(second, `select text from note`)).toEqual([{ text: 'committed' }]);
    await second.stop();
  });

  test('starts beside another one', async () => {
    const starting = ['one', 'two'].map((name) => startPostgres({ directory: join(root, name), durable: false }));
    const servers = await Promise.all(starting);
    expect(new Set(servers.map(({ port }) => port)).size).toBe(2);
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('does not take the number in an old pid file for a server of its own', async () => {
    const directory = join(root, 'stale');
    await startPostgres({ directory, durable: false }).then((server) => server.stop());
    writeFileSync(join(directory, 'data', 'postmaster.pid'), `${process.pid}\n${join(directory, 'data')}\n`);
    const server = await startPostgres({ directory, durable: false });
    expect(await query(server, `select 1 as one`)).toEqual([{ one: 1 }]);
    await server.stop();
  });

  test('begins anew where a link leads to data that were cleaned away', async () => {
    const directory = join(root, 'link');
    mkdirSync(directory);
    symlinkSync(join(root, 'cleaned', 'data'), join(directory, 'data'));
    const server = await startPostgres({ directory, durable: false });
    await server.stop();
    removePostgresData(directory);
  });

  test('that cannot start says where its log is and how it ends', async () => {
    const directory = join(root, 'broken');
    await startPostgres({ directory, durable: false }).then((server) => server.stop());
    writeFileSync(join(directory, 'data', 'postgresql.conf'), 'no such setting');
    await expect(startPostgres({ directory, durable: false })).rejects.toThrow(
      /did not start; its log .*syntax error/s,
    );
    expect(readFileSync(join(directory, 'log'), 'utf8')).toContain('syntax error');
  });
});

async function query(server: LocalServer, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
