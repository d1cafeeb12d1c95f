import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Module, Post, Query, Req, type RawBodyRequest } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Refusal } from '@quadrille/contracts';
import { DeadLetterRefusal, Overloaded, RefusedError, RoundUnavailable, type Cause } from '@quadrille/event-log';
import {
  createLogger,
  Registry,
  startTracing,
  type Tracing,
  type TracingOptions,
  withSpan,
} from '@quadrille/observability';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { ServiceLogger } from '../service-logger.js';
import { configurePlatform, fastifyAdapter } from './http-platform.js';
import { IdempotencyKey } from './idempotency.js';
import { ApiZodResponse, describeApi } from './openapi.js';
import { pageQuery } from './paging.js';
import { UuidParam } from './path-param.js';
import { ProblemFilter, RefusalStatuses } from './problem-filter.js';
import { RequestCause } from './request-cause.js';
import { zodBody, zodQuery } from './validation.js';
import { eventually } from '../../test/eventually.js';

const thingBody = z.strictObject({ name: z.string().min(1) });
const thingsQuery = z.strictObject({ ...pageQuery, name: z.string().optional() });

const faults: Record<string, () => unknown> = {
  refused: () => new RefusedError(new Refusal('out_of_luck', 'Not today.')),
  missing: () => new RefusedError(new Refusal('no_such_thing', 'It is not there.')),
  overloaded: () => new Overloaded('10000 commands are waiting'),
  unavailable: () => new RoundUnavailable(new Error('terminating connection')),
  disconnected: () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  letter: () => new DeadLetterRefusal('wrong_status', '7 is discarded'),
  bug: () => new TypeError('the secret of line 42'),
  text: () => 'thrown text',
};

@Controller('things')
class ThingsController {
  @Post()
  @HttpCode(201)
  @ApiZodResponse(201, z.object({ name: z.string() }))
  make(
    @Body(zodBody(thingBody)) body: z.infer<typeof thingBody>,
    @IdempotencyKey() key: string,
    @RequestCause() cause: Cause,
  ) {
    return { ...body, key, cause };
  }

  @Get()
  list(@Query(zodQuery(thingsQuery)) query: z.infer<typeof thingsQuery>) {
    return query;
  }

  @Get(':id')
  find(@UuidParam() id: string) {
    return { id };
  }

  @Post('signed')
  signed(@Req() request: RawBodyRequest<object>) {
    return { raw: request.rawBody?.toString() };
  }

  @Get('spans/inner')
  inner() {
    return withSpan('inner', {}, () => null);
  }

  @Get('faults/:kind')
  fail(@Req() { params }: { params: { kind: string } }): never {
    throw faults[params.kind]?.();
  }
}

type Span = Parameters<NonNullable<TracingOptions['spanProcessors']>[number]['onEnd']>[0];

const lines: Record<string, unknown>[] = [];

@Module({
  controllers: [ThingsController],
  providers: [
    {
      provide: ServiceLogger,
      useValue: new ServiceLogger(
        createLogger({
          service: 'order',
          level: 'info',
          destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
        }),
      ),
    },
    { provide: RefusalStatuses, useValue: new RefusalStatuses({ no_such_thing: 404 }) },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
class ThingsModule {}

let app: NestFastifyApplication;
let url: string;
let tracing: Tracing;
const spans: Span[] = [];
let closed: 'no_http_role' | 'not_ready' | undefined;
let stopping = false;
const registry = new Registry();

beforeAll(async () => {
  const nothing = async () => undefined;
  const seeing = {
    onStart: () => undefined,
    onEnd: (span: Span) => spans.push(span),
    shutdown: nothing,
    forceFlush: nothing,
  };
  tracing = await startTracing({ service: 'order', spanProcessors: [seeing] });
  app = await NestFactory.create<NestFastifyApplication>(ThingsModule, fastifyAdapter(), {
    logger: false,
    bodyParser: false,
    rawBody: true,
  });
  const logger = app.get(ServiceLogger);
  configurePlatform(app, { bodyBytesMax: 200, registry, logger, closed: () => closed, stopping: () => stopping });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterAll(async () => {
  await app.close();
  await tracing.shutdown();
});

const json = { 'content-type': 'application/json', 'idempotency-key': 'k1' };

/** Over a real socket: Fastify's `inject` does not load in Jest on Node 20. */
async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(`${url}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) as unknown };
}

function post(body: string, headers: Record<string, string> = json, path = '/things') {
  return ask(path, { method: 'POST', headers, body });
}

describe('a span of a request', () => {
  it.each([
    ['/things/faults/bug', 'GET /things/faults/:kind', 500, 2],
    ['/things/faults/missing', 'GET /things/faults/:kind', 404, 0],
    ['/nowhere', 'GET', 404, 0],
  ])('is named by the route of %s, %s, and says how it was answered: %i', async (path, name, status, code) => {
    spans.length = 0;
    expect((await ask(path)).status).toBe(status);
    await eventually(() => expect(spans).toHaveLength(1));
    expect(spans).toMatchObject([
      {
        name,
        kind: 1,
        status: { code },
        attributes: { 'http.request.method': 'GET', 'http.response.status_code': status },
      },
    ]);
  });

  it('has the spans below it that its handler begins', async () => {
    spans.length = 0;
    await ask('/things/spans/inner');
    await eventually(() => expect(spans).toHaveLength(2));
    const [inner, request] = spans;
    expect(inner?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  });
});

describe('a good request', () => {
  it('is answered, with the cause of all that it sets off', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await post('{"name":"a"}', { ...json, 'x-correlation-id': 'basket-7', traceparent });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-correlation-id')).toBe('basket-7');
    const { cause, ...rest } = answer.json() as { cause: Cause };
    expect(rest).toEqual({ name: 'a', key: 'k1' });
    expect(cause.correlationId).toBe('basket-7');
    // A span of this service's own, in the client's trace.
    expect(cause.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)/);
  });

  it('has its query read', async () => {
    const answer = await ask('/things?limit=7&name=a');
    expect(answer.json()).toEqual({ limit: 7, name: 'a' });
  });

  it('shows a handler the bytes of its body', async () => {
    const payload = '{ "name" :\t"a" }';
    const answer = await post(payload, json, '/things/signed');
    expect(answer.json()).toEqual({ raw: payload });
  });

  it('is counted by its route', async () => {
    await ask(`/things/${crypto.randomUUID()}`);
    expect(await registry.metrics()).toContain('route="/things/:id",status="200"');
  });
});

describe('a bad request', () => {
  it.each([
    ['malformed JSON', '{"name":', json, 400, 'malformed_json'],
    ['a forbidden key', '{"name":"a","__proto__":{}}', json, 400, 'malformed_json'],
    ['text', 'name', { ...json, 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    [
      'a form',
      'name=a',
      { ...json, 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type',
    ],
    ['too large a body', JSON.stringify({ name: 'x'.repeat(300) }), json, 413, 'body_too_large'],
    ['an empty body', '', json, 422, 'validation_failed'],
    ['a wrong field', '{"name":7}', json, 422, 'validation_failed'],
    ['no idempotency key', '{"name":"a"}', { 'content-type': 'application/json' }, 422, 'idempotency_key_required'],
  ])('with %s is a problem', async (_, payload, headers, status, code) => {
    const answer = await post(payload, headers);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ type: `urn:quadrille:problem:${code}`, status, code });
    expect(answer.json()).toHaveProperty('title');
    expect(answer.json()).toHaveProperty('detail');
  });

  it('names the fields', async () => {
    const answer = await post('{"name":"","color":"red"}');
    expect(answer.json()).toMatchObject({
      errors: [
        { path: 'name', code: 'too_small', message: expect.any(String) },
        { path: 'color', code: 'unknown_field', message: expect.any(String) },
      ],
    });
  });

  it.each([
    ['a bad limit', '/things?limit=0', 422, 'validation_failed'],
    ['an unknown parameter', '/things?colour=red', 422, 'validation_failed'],
    ['a malformed id', '/things/7', 404, 'not_found'],
    ['an unknown address', '/nothing', 404, 'not_found'],
    ['a malformed address', '/things/%', 400, 'bad_request'],
    ['a very long id', `/things/${'x'.repeat(500)}`, 404, 'not_found'],
  ])('to %s is a problem', async (_, path, status, code) => {
    const answer = await ask(path);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
  });
});

describe('an error in a handler', () => {
  it.each([
    ['refused', 422, 'out_of_luck', 'Not today.'],
    ['missing', 404, 'no_such_thing', 'It is not there.'],
    ['letter', 409, 'wrong_status', '7 is discarded'],
  ])('that is %s is answered as such', async (kind, status, code, detail) => {
    const answer = await ask(`/things/faults/${kind}`);
    expect(answer.json()).toMatchObject({ status, code, detail });
    expect(answer.status).toBe(status);
  });

  it.each(['overloaded', 'unavailable', 'disconnected'])('that will pass (%s) asks to come again', async (kind) => {
    const answer = await ask(`/things/faults/${kind}`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('that nobody expected is in the log with its stack, and its id is all that the client gets', async () => {
    lines.length = 0;
    const answer = await ask('/things/faults/bug', { headers: { 'x-correlation-id': 'basket-8' } });
    expect(answer.status).toBe(500);
    expect(answer.json()).toMatchObject({ code: 'internal_error', correlationId: 'basket-8' });
    expect(answer.text).not.toContain('line 42');
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        correlationId: 'basket-8',
        error: expect.objectContaining({ message: 'the secret of line 42', stack: expect.stringContaining('at ') }),
      }),
    ]);
  });

  it('may be no error at all', async () => {
    expect((await ask('/things/faults/text')).json()).toMatchObject({ status: 500, code: 'internal_error' });
  });
});

describe('a service that does not answer', () => {
  it.each([
    ['not_ready', 503, 'not_ready'],
    ['no_http_role', 404, 'not_found'],
  ] as const)('because of %s says so', async (reason, status, code) => {
    closed = reason;
    try {
      const answer = await ask('/things');
      expect(answer.status).toBe(status);
      expect(answer.json()).toMatchObject({ code });
      expect((await ask('/health/live')).json()).toMatchObject({ detail: 'There is nothing at this address.' });
    } finally {
      closed = undefined;
    }
  });
});

describe('a service that stops', () => {
  it('keeps no connection for another request', async () => {
    const { port } = new URL(url);
    const agent = new Agent({ keepAlive: true });
    const connectionOf = async () => {
      const [answer] = (await once(get({ port, path: '/things', agent }), 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
      return answer.headers.connection;
    };
    expect(await connectionOf()).toBe('keep-alive');
    stopping = true;
    expect(await connectionOf()).toBe('close');
    stopping = false;
    agent.destroy();
  });
});

describe('the description of the API', () => {
  it('knows bodies, queries, headers and answers by their schemas', () => {
    const { paths } = describeApi(app, 'order');
    const make = paths['/things']?.post;
    expect(make?.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: { type: 'object', required: ['name'], additionalProperties: false },
        },
      },
    });
    expect(make?.parameters).toEqual([
      expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: true }),
    ]);
    expect(make?.responses['201']).toMatchObject({
      content: { 'application/json': { schema: { properties: { name: { type: 'string' } } } } },
    });
    expect(make?.responses['default']).toHaveProperty(['content', 'application/problem+json']);
    const names = paths['/things']?.get?.parameters?.map((parameter) => 'name' in parameter && parameter.name);
    expect(names?.sort()).toEqual(['cursor', 'limit', 'name']);
  });
});
