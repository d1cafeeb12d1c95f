import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Broker, deadLetterQueue, listSetAside, partitionQueuesOf } from '@quadrille/messaging';
import { SourceProcess } from '@quadrille/testing/source-process';
import { Client } from 'pg';
import { startService } from '../src/run-service.js';
import { eventually } from './eventually.js';
import { tinyParticipant } from './tiny-participant.js';
import { tinyServers, type TinyServers } from './tiny-servers.js';
import { TinyModule } from './tiny.module.js';

/** The key of the lock by which migrations take turns, as PostgreSQL shows it: four letters. */
const migrationLock = Buffer.from('migr').readInt32BE();
const main = fileURLToPath(new URL('tiny-main.ts', import.meta.url));

let servers: TinyServers;
const running: SourceProcess[] = [];

function run(variables: Readonly<Record<string, string>>, ...words: readonly string[]): SourceProcess {
  const service = new SourceProcess(main, variables, ...words);
  running.push(service);
  return service;
}

// A process loads all of Nest and compiles the sources, which a busy machine takes its time for.
jest.setTimeout(180_000);

beforeAll(async () => {
  servers = await tinyServers();
});
afterEach(async () => {
  for (const service of running.splice(0)) {
    service.kill('SIGKILL');
    await service.exited;
  }
});
afterAll(() => servers.drop());

describe('the process of a service', () => {
  it('names the variable that is missing or wrong, in one sentence, and exits with 1', async () => {
    const service = run({ ...servers.variables, AMQP_URL: '', PARTITIONS: 'four' });
    expect(await service.exited).toBe(1);
    expect(service.stderr).toBe(
      'order: AMQP_URL is missing; PARTITIONS must be a whole number from 1 to 64, but is "four".\n',
    );
    expect(service.stdout).toBe('');
  });

  it('does not run on a database that is not migrated, and migrates it knowing nothing but its address', async () => {
    await expect(startHere()).rejects.toThrow(/^DATABASE_URL: .*migrat.*\.$/);
    const { DATABASE_URL = '' } = servers.variables;
    const migrating = run({ DATABASE_URL }, 'migrate');
    expect([await migrating.exited, migrating.stderr]).toEqual([0, '']);
  });

  it('that is asked to end while it migrates leaves nothing behind that the next would wait for', async () => {
    const { DATABASE_URL = '' } = servers.variables;
    const database = new Client({ connectionString: DATABASE_URL });
    await database.connect();
    try {
      await database.query('select pg_advisory_lock($1)', [migrationLock]);
      const interrupted = run({ DATABASE_URL }, 'migrate');
      await eventually(async () => {
        const waiting = await database.query(
          `select from pg_locks where locktype = 'advisory' and objid = $1 and not granted
             and database = (select oid from pg_database where datname = current_database())`,
          [migrationLock],
        );
        expect(waiting.rowCount).toBe(1);
      }, 120_000);
      interrupted.kill('SIGTERM');
      expect([await interrupted.exited, interrupted.stderr]).toEqual([null, '']);
    } finally {
      await database.end();
    }
    await servers.migrate();
  });

  it('that is asked to end while it waits for the setup step ends in good order', async () => {
    const service = run({ ...servers.variables, LOG_LEVEL: 'info' });
    await service.logged('not ready yet');
    service.kill('SIGTERM');
    expect([await service.exited, service.stderr]).toEqual([0, '']);
    expect(await service.logged('stopped')).toMatchObject({ level: 'info' });
  });

  it('waits for the setup step, runs, and finishes what it has taken before it ends on SIGTERM', async () => {
    const service = run({ ...servers.variables, LOG_LEVEL: 'info' });
    const { url } = (await service.logged('listening')) as { url: string };
    expect(await service.logged('not ready yet')).toMatchObject({ reason: expect.stringContaining('setup step') });
    const waiting = await fetch(`${url}/health/ready`);
    expect([waiting.status, await waiting.json()]).toEqual([
      503,
      expect.objectContaining({ checks: expect.objectContaining({ service: expect.stringContaining('setup step') }) }),
    ]);
    expect((await fetch(`${url}/v1/things`, { method: 'POST' })).status).toBe(503);

    await servers.declareTopology();
    await service.logged('running');
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);

    const answering = makeLast(url);
    await service.logged('taken');
    service.kill('SIGTERM');
    const answer = await answering;
    expect([answer.status, await answer.json()]).toEqual([202, { thing: 'confirmed' }]);
    expect([await service.exited, service.stderr]).toEqual([0, '']);
    expect(await service.logged('stopped')).toMatchObject({ level: 'info', service: 'order' });
    // Nothing had to be cut off or given up: that would be said.
    expect(service.stdout.split('"msg":"stopping"')[1]).not.toMatch(/"level":"(warn|error)"/);
  });

  it('that is asked to end waits for nobody who asks for nothing or never ends to ask, and answers who has asked', async () => {
    await Promise.all([servers.migrate(), servers.declareTopology()]);
    const service = run({ ...servers.variables, LOG_LEVEL: 'info' });
    const { url } = (await service.logged('listening')) as { url: string };
    await service.logged('running');
    const [silent, halting] = [connectionTo(url), connectionTo(url)];
    await once(silent, 'connect');
    const head = ['POST /v1/things HTTP/1.1', 'Host: order', 'Content-Type: application/json', 'Content-Length: 100'];
    halting.write(`${[...head, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`);
    await once(halting, 'data');
    halting.write('{"orderId":');
    const answering = makeLast(url);
    await service.logged('taken');
    service.kill('SIGTERM');
    expect((await answering).status).toBe(202);
    expect([await service.exited, service.stderr]).toEqual([0, '']);
    expect(await service.logged('stopped')).toMatchObject({ level: 'info' });
    expect(service.stdout.split('"msg":"stopping"')[1]).not.toMatch(/"level":"(warn|error)"/);
  });

  it('ends on servers that are unsafe, with 1 and a sentence for each fault', async () => {
    const { DATABASE_URL = '' } = servers.variables;
    const database = new Client({ connectionString: DATABASE_URL });
    await database.connect();
    await database.query(`alter database ${new URL(DATABASE_URL).pathname.slice(1)} set synchronous_commit = off`);
    await database.end();
    const service = run({ ...servers.variables, PARTITIONS: '3', ALLOW_UNSAFE_SERVERS: '0' });
    expect(await service.exited).toBe(1);
    expect(service.stderr).toMatch(/^order: PostgreSQL runs with .*\.\n/);
    expect(service.stderr).toMatch(/synchronous_commit=off for this role or database, .*: set it to on, .*\.\n/);
    expect(service.stderr).toMatch(/PARTITIONS=3, but the broker has queues for 2; run the setup step\.\n$/);
  });

  it('that ends between setting garbage aside and its acknowledgement has set it aside, and the next one goes on', async () => {
    const url = servers.variables['AMQP_URL'] ?? '';
    const broker = await Broker.connect({ url, name: 'test' });
    try {
      const garbage = { exchange: 'quadrille.order', routingKey: 'payment.captured.v1.0', messageId: randomUUID() };
      await broker.outgoing.send({ ...garbage, body: Buffer.from('garbage'), contentType: 'text/plain', headers: {} });
      const service = run({ ...servers.variables, QUADRILLE_FAILPOINTS: 'set-aside.published=exit:7' });
      expect([await service.exited, service.stderr]).toEqual([7, '']);

      const queueStates = async () =>
        (await partitionQueuesOf(url, 'order')).map(({ ready, consumers }) => ({ ready, consumers }));
      const isBack = [
        { ready: 1, consumers: 0 },
        { ready: 0, consumers: 0 },
      ];
      await eventually(async () => expect(await queueStates()).toEqual(isBack));

      const isTaken = isBack.map(() => ({ ready: 0, consumers: 1 }));
      await startHere({}, () => eventually(async () => expect(await queueStates()).toEqual(isTaken)));
      expect((await queueStates()).map(({ ready }) => ready)).toEqual([0, 0]);
      const { messages } = await listSetAside(url, deadLetterQueue('order'));
      const ids = messages.map(({ messageId }) => messageId);
      expect(new Set(ids)).toEqual(new Set([garbage.messageId]));
    } finally {
      await broker.close();
    }
  });

  it('does not run with another number of partitions than the broker was set up for', async () => {
    await expect(startHere({ PARTITIONS: '3' })).rejects.toThrow(/PARTITIONS=3/);
  });
});

/** Of somebody who will be sent away. */
function makeLast(url: string): Promise<Response> {
  return fetch(`${url}/v1/things/last`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ orderId: randomUUID() }),
  });
}

function connectionTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => undefined);
}

/** In this process: quicker, where it does not matter. */
async function startHere(
  more: Readonly<Record<string, string>> = {},
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<void> {
  Object.assign(process.env, servers.variables, more);
  const { app, started } = await startService(TinyModule, tinyParticipant);
  try {
    await started;
    await meanwhile();
  } finally {
    await app.close();
  }
}
