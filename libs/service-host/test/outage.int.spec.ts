import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type RunningService } from '../src/run-service.js';
import { doorTo, type Door } from './door.js';
import { eventually } from './eventually.js';
import { tinyParticipant } from './tiny-participant.js';
import { tinyServers, type TinyServers } from './tiny-servers.js';
import { TinyModule } from './tiny.module.js';

// What a cluster decides by: who is not ready gets no requests, who is not alive is restarted. A restart brings no server back, and
// would take down what works.
let servers: TinyServers;
let service: RunningService;
let doors: Record<'broker' | 'database', Door>;

beforeAll(async () => {
  servers = await tinyServers();
  await Promise.all([servers.migrate(), servers.declareTopology()]);
  const { AMQP_URL = '', DATABASE_URL = '' } = servers.variables;
  doors = { broker: await doorTo(AMQP_URL), database: await doorTo(DATABASE_URL) };
  Object.assign(process.env, servers.variables, { AMQP_URL: doors.broker.url, DATABASE_URL: doors.database.url });
  service = await startService(TinyModule, tinyParticipant);
  await service.started;
});
afterEach(async () => {
  for (const door of Object.values(doors)) door.open();
  await eventually(async () => expect(await readiness()).toEqual([200, ready]));
});
afterAll(async () => {
  await service.app.close();
  for (const door of Object.values(doors)) await door.remove();
  await servers.drop();
});

const ready = { service: 'ok', database: 'ok', broker: 'ok' };

async function readiness() {
  const answer = await fetch(`${service.url}/health/ready`);
  return [answer.status, ((await answer.json()) as { checks: object }).checks];
}

async function liveness() {
  const answer = await fetch(`${service.url}/health/live`);
  return [answer.status, await answer.json()];
}

describe('a service whose server is away', () => {
  it.each(['broker', 'database'] as const)(
    'says which: the %s. It is alive all the time, and ready again by itself',
    async (server) => {
      doors[server].shut();
      await eventually(async () =>
        expect(await readiness()).toEqual([503, { ...ready, [server]: expect.not.stringMatching(/^ok$/) }]),
      );
      expect(await liveness()).toEqual([200, { status: 'ok' }]);
    },
  );
});
