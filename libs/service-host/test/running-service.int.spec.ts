import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseEvent, type PublicEvent } from '@quadrille/contracts';
import { Broker } from '@quadrille/messaging';
import { randomUUID } from 'node:crypto';
import { startService, type RunningService } from '../src/run-service.js';
import { eventually } from './eventually.js';
import { paymentCaptured } from './payment-captured.js';
import { tinyParticipant } from './tiny-participant.js';
import { adminToken, partitions, tinyServers, type TinyServers } from './tiny-servers.js';
import { TinyModule } from './tiny.module.js';

let servers: TinyServers;
let service: RunningService;
let broker: Broker;
const heard: PublicEvent[] = [];
/** Of those, the ids of what came in a batch. */
const together = new Set<string>();

beforeAll(async () => {
  servers = await tinyServers();
  await Promise.all([servers.migrate(), servers.declareTopology()]);
  service = await start();
  await service.started;
  broker = await Broker.connect({ url: servers.variables['AMQP_URL'] ?? '', name: 'test' });
  for (let partition = 0; partition < partitions; partition++) void listen(partition);
});
afterAll(async () => {
  await service.app.close();
  await broker.close();
  await servers.drop();
});

function start(more: Record<string, string> = {}): Promise<RunningService> {
  Object.assign(process.env, servers.variables, more);
  return startService(TinyModule, tinyParticipant);
}

/** Hears what the service announces, as inventory would. */
async function listen(partition: number): Promise<void> {
  const stream = await broker.openPartition({ service: 'inventory', partition, partitions });
  for (;;) {
    const messages = await stream.take(10);
    if (messages.length === 0) return;
    for (const { body, json } of messages) {
      const parsed = parseEvent(body);
      if (parsed.kind !== 'event') continue;
      heard.push(parsed.event);
      if (json !== undefined) together.add(parsed.event.id);
    }
    stream.acknowledge(messages);
  }
}

function heardOf(orderId: string): Promise<PublicEvent> {
  return eventually(() => {
    const event = heard.find(({ subject }) => subject === orderId);
    if (!event) throw new Error(`nothing was heard of ${orderId}`);
    return event;
  });
}

async function ask(path: string, init: RequestInit = {}, { url } = service) {
  const answer = await fetch(`${url}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) as unknown };
}

function confirm(orderId: string, key: string, more: object = {}) {
  return ask('/v1/things', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': key,
      'x-correlation-id': `basket ${key}`.replace(' ', '-'),
    },
    body: JSON.stringify({ orderId, ...more }),
  });
}

describe('a command over HTTP', () => {
  it('is answered after its commit, and its event is on the wire with its cause', async () => {
    const orderId = randomUUID();
    const answer = await confirm(orderId, 'first');
    expect(answer.status).toBe(202);
    expect(answer.json()).toEqual({ orderId, thing: 'confirmed', version: 1 });
    expect(await heardOf(orderId)).toMatchObject({
      type: 'order.confirmed.v1',
      correlationid: 'basket-first',
      traceparent: expect.stringMatching(/^00-/),
      sequence: 1,
    });
  });

  it('with a key that was used is answered as before, and refused with another body', async () => {
    const orderId = randomUUID();
    const first = await confirm(orderId, 'twice');
    expect((await confirm(orderId, 'twice')).text).toBe(first.text);
    const reused = await confirm(randomUUID(), 'twice');
    expect([reused.status, reused.json()]).toEqual([422, expect.objectContaining({ code: 'idempotency_key_reused' })]);
  });

  it('that is refused has the status that the module gives its code', async () => {
    const orderId = randomUUID();
    await confirm(orderId, 'a', { once: true });
    const again = await confirm(orderId, 'b', { once: true });
    expect([again.status, again.json()]).toEqual([409, expect.objectContaining({ code: 'confirmed_before' })]);
  });
});

describe('an event', () => {
  it('is heard, decided and answered with another one', async () => {
    const captured = paymentCaptured(randomUUID());
    await broker.publisher.publish(captured);
    expect(await heardOf(captured.subject)).toMatchObject({
      correlationid: captured.correlationid,
      causationid: captured.id,
    });
  });

  it('shares a message with others on its way in and out, and is answered by itself', async () => {
    const crowd = await Broker.connect({
      url: servers.variables['AMQP_URL'] ?? '',
      name: 'crowd',
      sharing: { partitions, eventsMax: 20 },
    });
    const captured = Array.from({ length: 12 }, () => paymentCaptured(randomUUID()));
    await Promise.all(captured.map((event) => crowd.publisher.publish(event)));
    const answers = await Promise.all(captured.map(({ subject }) => heardOf(subject)));
    expect(answers.map(({ causationid }) => causationid)).toEqual(captured.map(({ id }) => id));
    expect(answers.filter(({ id }) => together.has(id)).length).toBeGreaterThan(1);
    await crowd.close();
  });

  it('that cannot be read is a dead letter for the administrator, who mends and replays it', async () => {
    const captured = paymentCaptured(randomUUID());
    await broker.publisher.publish({ ...captured, data: { orderId: captured.subject } } as unknown as PublicEvent);
    const { id } = await eventually(async () => {
      const { items } = (await administer(`?key=${captured.subject}&status=dead`)).json() as {
        items: { id: string }[];
      };
      if (!items[0]) throw new Error('there is no dead letter yet');
      return items[0];
    });
    expect((await administer(`/${id}`)).json()).toMatchObject({
      ...{ id, service: 'order', code: 'invalid_data', type: captured.type },
      ...{ attempts: expect.any(Number), stack: null, traceId: '0af7651916cd43dd8448eb211c80319c' },
      ...{ firstAt: expect.any(String), lastAt: expect.any(String) },
    });

    const by = 'ada';
    const other = { body: paymentCaptured(randomUUID()), by, reason: 'a mistake' };
    expect((await administer(`/${id}/body`, 'PUT', other)).json()).toMatchObject({
      status: 422,
      code: 'other_message',
    });
    const mended = await administer(`/${id}/body`, 'PUT', { body: captured, by, reason: 'the amount was lost' });
    expect(mended.json()).toMatchObject({ edited: { by, reason: 'the amount was lost' } });

    const filter = { key: captured.subject };
    expect((await administer('/replay', 'POST', { filter, by, dryRun: true })).json()).toEqual({ replayed: 1 });
    expect((await administer(`/${id}/replay`, 'POST', { by })).json()).toEqual({ replayed: 1 });
    expect(await heardOf(captured.subject)).toMatchObject({ causationid: captured.id });
    await eventually(async () => expect((await administer(`/${id}`)).status).toBe(404));
  });
});

describe('administration', () => {
  it('is for administrators', async () => {
    expect((await ask('/v1/dead-letters')).status).toBe(401);
    const wrong = { headers: { authorization: 'Bearer of-bad-news-16-chars' } };
    expect((await ask('/v1/dead-letters', wrong)).status).toBe(403);
  });

  it.each([
    ['GET', '/abc', undefined, 404, 'not_found'],
    ['GET', '/999999', undefined, 404, 'not_found'],
    ['GET', '?status=lost', undefined, 422, 'validation_failed'],
    ['GET', '?cursor=zzz', undefined, 422, 'invalid_cursor'],
    ['POST', '/999999/discard', { by: 'ada', reason: 'gone' }, 404, 'not_found'],
    ['POST', '/999999/discard', { by: 'ada' }, 422, 'validation_failed'],
    ['POST', '/replay', { by: 'ada' }, 422, 'validation_failed'],
  ])('answers %s %s %j with %i %s', async (method, path, body, status, code) => {
    const answer = await administer(path, method, body);
    expect([answer.status, answer.json()]).toEqual([status, expect.objectContaining({ code })]);
  });

  const olderThan = (moment: string) => ['GET', `?olderThan=${encodeURIComponent(moment)}`, undefined] as const;
  it.each([
    ['key', 'GET', '?key=a%00b', undefined],
    ['type', 'GET', '?type=a%00b', undefined],
    ['code', 'GET', '?code=a%00b', undefined],
    ['olderThan', ...olderThan('0000-01-01T00:00:00Z')],
    ['olderThan', ...olderThan('2026-01-01T00:00:00+23:59')],
    ['olderThan', ...olderThan(`2026-01-01T00:00:00.${'0'.repeat(200)}Z`)],
    ['filter.key', 'POST', '/replay', { by: 'ada', filter: { key: 'a\u0000b' } }],
    ['by', 'POST', '/1/replay', { by: 'a\u0000b' }],
    ['by', 'PUT', '/1/body', { body: '{}', by: 'a\u0000b', reason: 'a' }],
    ['reason', 'PUT', '/1/body', { body: '{}', by: 'a', reason: 'a\u0000b' }],
    ['reason', 'POST', '/1/discard', { by: 'ada', reason: 'a\u0000b' }],
  ] as const)(
    'names the field %s of %s %s %j, which the database would not take',
    async (path, method, where, body) => {
      const answer = await administer(where, method, body);
      expect([answer.status, answer.json()]).toMatchObject([422, { code: 'validation_failed', errors: [{ path }] }]);
    },
  );

  it.each([
    [...olderThan('0001-01-01T00:00:00+15:59'), 200],
    [...olderThan('9999-12-31T23:59:59-15:59'), 200],
    ['GET', `?key=${encodeURIComponent('Zoë 🦉')}`, undefined, 200],
    ['POST', '/999999/discard', { by: 'Zoë', reason: 'one line\nand\tanother' }, 404],
  ] as const)('takes %s %s %j', async (method, where, body, status) => {
    expect((await administer(where, method, body)).status).toBe(status);
  });
});

describe('a running service', () => {
  it('is alive and ready', async () => {
    expect((await ask('/health/live')).json()).toEqual({ status: 'ok' });
    const ready = await ask('/health/ready');
    expect([ready.status, ready.json()]).toEqual([
      200,
      { status: 'ready', checks: { service: 'ok', database: 'ok', broker: 'ok' } },
    ]);
  });

  it('tells its metrics', async () => {
    const { text, headers } = await ask('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    for (const name of [
      'http_request_seconds',
      'process_resident_memory_bytes',
      'quadrille_dead_letters_oldest_seconds',
    ])
      expect(text).toContain(name);
    const counted = /^quadrille_broker_dead_letters\{queue="order\.dead-letters"\} 0$/m;
    await eventually(async () => expect((await ask('/metrics')).text).toMatch(counted));
  });

  it('describes its API', async () => {
    expect((await ask('/docs')).text).toContain('swagger-ui');
    const { paths } = (await ask('/docs-json')).json() as { paths: object };
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/v1/things', '/v1/dead-letters/{id}/body']));
    expect(paths).not.toHaveProperty('/health/ready');
  });

  it('without the role http serves health and metrics only', async () => {
    const worker = await start({ ROLES: 'work' });
    try {
      await worker.started;
      expect((await ask('/health/ready', {}, worker)).status).toBe(200);
      expect((await ask('/metrics', {}, worker)).status).toBe(200);
      for (const path of ['/v1/dead-letters', '/docs', '/docs-json'])
        expect((await ask(path, {}, worker)).status).toBe(404);
    } finally {
      await worker.app.close();
      process.env['ROLES'] = '';
    }
  });
});

function administer(path: string, method = 'GET', body?: object) {
  return ask(`/v1/dead-letters${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}
