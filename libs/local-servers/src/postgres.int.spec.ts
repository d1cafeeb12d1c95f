import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { throwAwayDirectory } from '../test/throw-away-directory.js';
import { DirectoryInUse } from './directory-lock.js';
import { startOwnedProcess } from './owned-process.js';
import { postgresUser } from './postgres-binaries.js';
import { type LocalServer, removePostgresData, startPostgres } from './postgres.js';
import { identityOf, isRunning, processTree, signalProcess } from './process-table.js';

const root = throwAwayDirectory();

// One directory's story, told in order, since each new directory costs an initdb.
describe('a private PostgreSQL', () => {
  const directory = join(root, 'one');
  let server: LocalServer;
  beforeAll(async () => {
    server = await startPostgres({ directory });
    await query(server, `create table note as select 'committed' as text`);
  });
  afterAll(() => server.stop());

  test('has its directory for itself', async () => {
    await expect(startPostgres({ directory })).rejects.toThrow(DirectoryInUse);
  });

  test('starts beside another one', async () => {
    const other = await startPostgres({ directory: join(root, 'two'), durable: false });
    expect(other.port).not.toBe(server.port);
    expect(await query(other, `select to_regclass('note') as note`)).toEqual([{ note: null }]);
    await other.stop();
  });

  if (process.platform === 'linux')
    test('keeps the memory of a larger statement for the next one', async () => {
      const client = new Client({ connectionString: server.url });
      await client.connect();
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const pageFaults = () => Number(readFileSync(`/proc/${rows[0]?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[7]);
      const larger = () => client.query('select array_agg(n) from generate_series(1, 20000) n');
      await larger();
      const before = pageFaults();
      for (let i = 0; i < 20; i++) await larger();
      const faults = pageFaults() - before;
      await client.end();
      expect(faults).toBeLessThan(20 * 20);
    });

  test('leaves no process when it is stopped, and keeps its data for the next start', async () => {
    const tree = processTree(server.pid);
    expect(tree.length).toBeGreaterThan(3);
    await server.stop();
    expect(tree.filter(isRunning)).toEqual([]);
    server = await startPostgres({ directory });
    expect(await query(server, `select text from note`)).toEqual([{ text: 'committed' }]);
  });

  test('starts again on its old port after a kill, with what was committed', async () => {
    const tree = processTree(server.pid);
    const { port, url } = server;
    await server.kill('SIGKILL');
    expect(tree.filter(isRunning)).toEqual([]);
    server = await startPostgres({ directory, port });
    expect(server.url).toBe(url);
    expect(await query(server, `select text from note`)).toEqual([{ text: 'committed' }]);
  });

  test('does not take whoever has the number in an old pid file for a server of its own', async () => {
    const stranger = await startOwnedProcess({
      ...{ command: '/bin/sleep', args: ['300'], cwd: '/', logFile: join(root, 'stranger'), user: postgresUser() },
    });
    await server.stop();
    writeFileSync(join(directory, 'data', 'postmaster.pid'), `${stranger.pid}\n${join(directory, 'data')}\n`);
    server = await startPostgres({ directory });
    expect(await query(server, `select 1 as one`)).toEqual([{ one: 1 }]);
    expect(stranger.running).toBe(true);
    await stranger.stop();
  });

  test('ends the one that a former owner has left behind', async () => {
    const former = server;
    rmSync(join(directory, 'lock')); // As if its owner were no more.
    server = await startPostgres({ directory });
    await former.exited;
    expect(await query(server, `select text from note`)).toEqual([{ text: 'committed' }]);
  });

  test('is not started beside what its killed first process has left at work, but after it', async () => {
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined); // Its session is killed below.
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const left = identityOf(rows[0]!.pid)!;
    // By this line PostgreSQL knows the shared memory that what is left still holds.
    const pidFile = join(directory, 'data', 'postmaster.pid');
    const memory = () => (existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n')[6] : 'unknown');
    const held = memory();
    signalProcess(left, 'SIGSTOP');
    signalProcess(identityOf(server.pid)!, 'SIGKILL');
    await server.exited;
    let isBeside = false;
    const starting = startPostgres({ directory }).finally(() => (isBeside = isRunning(left)));
    const log = () => readFileSync(join(directory, 'log'), 'utf8');
    while (!log().includes('pre-existing shared memory block') && !isBeside) await delay(20);
    const met = { isBeside, memory: memory() };
    signalProcess(left, 'SIGKILL');
    server = await starting;
    expect(met).toEqual({ isBeside: false, memory: held });
    expect(await query(server, `select text from note`)).toEqual([{ text: 'committed' }]);
  });

  test('that cannot start says where its log is and how it ends', async () => {
    await server.stop();
    writeFileSync(join(directory, 'data', 'postgresql.conf'), 'no such setting');
    await expect(startPostgres({ directory })).rejects.toThrow(/did not start; its log .*syntax error/s);
    expect(readFileSync(join(directory, 'log'), 'utf8')).toContain('syntax error');
  });
});

// Only root's PostgreSQL runs as another user than its owner.
if (process.getuid?.() === 0)
  describe("root's PostgreSQL, whose own user cannot enter the directory", () => {
    const directory = join(root, 'closed', 'postgres');
    beforeAll(() => {
      mkdirSync(join(root, 'closed'), { mode: 0o700 });
    });

    test('keeps its data elsewhere, until they are removed', async () => {
      await startAndStop();
      const place = readlinkSync(join(directory, 'data'));
      expect(place).toMatch(/^\/var\/tmp\/quadrille-postgres-data-/);
      await startAndStop();
      expect(readlinkSync(join(directory, 'data'))).toBe(place);
      removePostgresData(directory);
      expect([existsSync(place), existsSync(directory)]).toEqual([false, false]);
    });

    test('begins anew when its data were cleaned away there', async () => {
      await startAndStop();
      const place = readlinkSync(join(directory, 'data'));
      rmSync(dirname(place), { recursive: true });
      await startAndStop();
      expect(readlinkSync(join(directory, 'data'))).not.toBe(place);
      removePostgresData(directory);
    });

    async function startAndStop(): Promise<void> {
      const server = await startPostgres({ directory, durable: false });
      await server.stop();
    }
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
