import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lastLines, startOwnedProcess, type OwnedProcess } from '@quadrille/local-servers';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { perService } from '../src/participants.js';
import { removePreparations, type ServerPlan } from '../src/setup/prepare-servers.js';
import { givenServers, type TestServers } from './given-servers.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Outside the workspace, so that no package can be found beside it. */
const directory = mkdtempSync(join(tmpdir(), 'quadrille-bundle-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a bundled service with nothing beside it', () => {
  let servers: TestServers;
  let plan: ServerPlan;
  let order: OwnedProcess;
  let url: string;
  const logFile = join(directory, 'order.log');

  beforeAll(async () => {
    for (const name of ['setup', 'order']) cpSync(join(root, 'dist', name), join(directory, name), { recursive: true });
    servers = await givenServers();
    plan = {
      postgresAdminUrl: servers.postgresUrl,
      amqpUrl: servers.amqpUrl,
      partitions: 1,
      databaseUrls: perService((service) => ownDatabase(servers, service)),
      databaseOwnerUrls: perService((service) => ownDatabase(servers, service, '_owner')),
      amqpUrls: perService(() => servers.amqpUrl),
    };
    expect(run('setup', [], environmentOfSetup(plan))).toEqual({
      status: 0,
      stdout: 'Databases, broker users and topology are ready.\n',
      stderr: '',
    });
    order = await startOwnedProcess({
      command: process.execPath,
      args: [join(directory, 'order', 'main.mjs')],
      cwd: directory,
      env: environmentOfOrder(plan),
      logFile,
    });
    url = await readyAt(order, logFile);
  }, 180_000);
  afterAll(async () => {
    await order?.stop({ graceMs: 30_000 });
    await removePreparations(plan);
    await servers.drop();
  });

  test('describes its API, with a page for a browser', async () => {
    expect(await (await fetch(`${url}/docs-json`)).json()).toMatchObject({ info: { title: 'Quadrille order' } });
    const page = await (await fetch(`${url}/docs`)).text();
    const parts = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, part]) => part);
    expect(parts).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']);
    for (const part of parts) {
      const response = await fetch(`${url}${part}`);
      expect([part, response.status]).toEqual([part, 200]);
      expect((await response.text()).length).toBeGreaterThan(100_000);
    }
  });

  test('tells its metrics', async () => {
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^process_cpu_seconds_total /m);
  });

  test('knows its other commands', () => {
    const { status, stderr } = run('order', ['migrate'], { DATABASE_URL: plan.databaseOwnerUrls.order });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('bundling', () => {
  test.each([
    ['imports what is not there', `import 'left-pad-of-nobody';`, /: Could not resolve "left-pad-of-nobody"\.$/m],
    [
      'would look for a package when it runs',
      `try { require('left-pad-of-nobody'); } catch {}`,
      /program\.js imports left-pad-of-nobody, which is not there\. Install it, or name it in tools\/bundle\.mjs\.$/m,
    ],
    [
      'has a name that nobody exports',
      `import * as fs from './other.js'; fs.x;`,
      /Import "x" will always be undefined/,
    ],
    [
      'would hold a package twice',
      `import './a/node_modules/rxjs/index.js'; import './b/node_modules/rxjs/index.js';`,
      /^rxjs is in it twice: /m,
    ],
  ])('refuses a program that %s', (_, program, sentence) => {
    const place = mkdtempSync(join(directory, 'program-'));
    writeFileSync(join(place, 'program.js'), program);
    writeFileSync(join(place, 'other.js'), 'export const y = 1;');
    for (const copy of ['a', 'b']) {
      const twice = join(place, copy, 'node_modules/rxjs');
      mkdirSync(twice, { recursive: true });
      writeFileSync(join(twice, 'index.js'), `import './more.js'; console.log(1);`);
      writeFileSync(join(twice, 'more.js'), `export {}; console.log(2);`);
    }
    const args = [join(root, 'tools/bundle.mjs'), join(place, 'program.js'), join(place, 'out')];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(sentence) });
  });
});

function run(name: string, words: readonly string[], variables: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(directory, name, 'main.mjs'), ...words], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...variables },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function ownDatabase({ postgresUrl, namespace }: TestServers, service: string, role = ''): string {
  const name = `${namespace}_${service}`;
  return Object.assign(new URL(postgresUrl), { username: `${name}${role}`, password: 'secret', pathname: `/${name}` })
    .href;
}

function environmentOfSetup({
  postgresAdminUrl = '',
  amqpUrl,
  databaseUrls,
  databaseOwnerUrls,
}: ServerPlan): Record<string, string> {
  return {
    DATABASE_URL: postgresAdminUrl,
    AMQP_URL: amqpUrl,
    PARTITIONS: '1',
    ORDER_DATABASE_URL: databaseUrls.order,
    INVENTORY_DATABASE_URL: databaseUrls.inventory,
    PAYMENT_DATABASE_URL: databaseUrls.payment,
    ORDER_DATABASE_OWNER_URL: databaseOwnerUrls.order,
    INVENTORY_DATABASE_OWNER_URL: databaseOwnerUrls.inventory,
    PAYMENT_DATABASE_OWNER_URL: databaseOwnerUrls.payment,
  };
}

function environmentOfOrder({ amqpUrl, databaseUrls }: ServerPlan): Record<string, string> {
  return {
    DATABASE_URL: databaseUrls.order,
    AMQP_URL: amqpUrl,
    PARTITIONS: '1',
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    ADMIN_TOKEN: 'token-of-the-bundle-suite',
    SHUTDOWN_WAIT_MS: '0',
    ALLOW_UNSAFE_SERVERS: '1',
  };
}

/** Where it says that it listens, once it is ready there. */
async function readyAt(child: OwnedProcess, logFile: string): Promise<string> {
  let ended = false;
  void child.exited.then(() => (ended = true));
  for (const end = Date.now() + 120_000; ;) {
    const [, url] = /"url":"([^"]+)","msg":"listening"/.exec(lastLines(logFile)) ?? [];
    if (url !== undefined && (await isReady(url))) return url;
    if (ended || Date.now() > end) throw new Error(`order did not become ready:\n${lastLines(logFile)}`);
    await delay(100);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false; // It may have ended in between, which the caller sees.
  }
}
