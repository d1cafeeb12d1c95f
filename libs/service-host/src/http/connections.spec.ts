import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Registry, silentLogger } from '@quadrille/observability';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { Connections, type LastWait } from './connections.js';
import { configurePlatform, fastifyAdapter } from './http-platform.js';

const never = 2 ** 30;
const begun = 'POST /things HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 10\r\n';

describe('a server that is to close', () => {
  it.each([
    ['has not said a word', ''],
    ['is in the middle of its headers', begun],
  ])('does not wait for who %s', async (_, words) => {
    const { client, said, close } = await serverWithClient();
    client.write(words);
    await close({ arrivalMs: never, answerMs: never });
    expect(await said).toBe('');
  });

  it('gives who is in the middle of a body a moment for the rest', async () => {
    const { client, said, arrived, close } = await serverWithClient();
    await beginBody(client);
    const closed = close({ arrivalMs: never, answerMs: never });
    client.write('56789');
    (await arrived).end('answered');
    await closed;
    expect(await said).toMatch(/answered$/);
  });

  it('gives no more than that', async () => {
    const { client, said, cutOff, close } = await serverWithClient();
    await beginBody(client);
    await close({ arrivalMs: 10, answerMs: never });
    expect(await said).toMatch(/^HTTP\/1.1 100 Continue\s+$/);
    expect(cutOff).toEqual([]);
  });

  it('answers what has arrived', async () => {
    const { client, said, arrived, close } = await serverWithClient();
    client.write(`${begun}\r\n0123456789`);
    const response = await arrived;
    const closed = close({ arrivalMs: 10, answerMs: never });
    // Timers keep their order, so this is after the moment for what has not arrived.
    setTimeout(() => response.end('answered'), 50);
    await closed;
    expect(await said).toMatch(/answered$/);
  });

  it('does not wait for ever for an answer, and says how many it has given up', async () => {
    const { client, said, cutOff, arrived, close } = await serverWithClient();
    client.write(`${begun}\r\n0123456789`);
    await arrived;
    await close({ arrivalMs: 10, answerMs: 20 });
    expect(await said).toBe('');
    expect(cutOff).toEqual([1]);
  });
});

@Controller('things')
class ThingsController {
  @Post()
  make(@Body() body: unknown) {
    return body;
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

describe('a service that runs', () => {
  const impatience = { headersMs: 50, requestMs: 100, lookMs: 10 };

  it.each([
    ['has not said a word', '', impatience, 408, 'request_timeout'],
    ['never ends its headers', begun, impatience, 408, 'request_timeout'],
    ['never ends its body', `${begun}\r\n01234`, impatience, 408, 'request_timeout'],
    ['does not speak HTTP', 'Good morning\r\n\r\n', undefined, 400, 'bad_request'],
    ['has too much to say before', `${begun}Long: ${'x'.repeat(20_000)}\r\n\r\n`, undefined, 431, 'headers_too_large'],
  ])('sends away who %s, and says why', async (_, words, patience, status, code) => {
    const app = await NestFactory.create<NestFastifyApplication>(ThingsModule, fastifyAdapter(patience), {
      logger: false,
      bodyParser: false,
      rawBody: true,
    });
    configurePlatform(app, {
      ...{ bodyBytesMax: 200, registry: new Registry(), logger: silentLogger },
      ...{ closed: () => undefined, stopping: () => false },
    });
    await app.listen(0, '127.0.0.1');
    const client = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
    client.write(words);
    const [head = '', body = ''] = (await text(client)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Z]`));
    expect(head).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code });
    await app.close();
  });

  it('is patient, and not without end', () => {
    const { headersTimeout, requestTimeout } = fastifyAdapter().getInstance().server;
    expect([headersTimeout, requestTimeout]).toEqual([30_000, 60_000]);
  });
});

/** A server, somebody whom it has accepted, and the answer to that one's request when all of it has arrived. */
async function serverWithClient() {
  const server = createServer();
  const connections = new Connections(server);
  const arrived = new Promise<ServerResponse>((resolve) => {
    server.on('request', (request, response) => {
      response.setHeader('connection', 'close');
      request.resume().once('end', () => resolve(response));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined); // Who is sent away in the middle of a sentence hears of it so.
  await once(server, 'connection');
  const cutOff: number[] = [];
  const close = async (wait: LastWait) => {
    connections.end(wait, (requests) => cutOff.push(requests));
    server.close();
    await once(server, 'close');
  };
  return { client, said: allOf(client), cutOff, arrived, close };
}

/** Sends half a body when the server has read the headers. */
async function beginBody(client: Socket): Promise<void> {
  client.write(`${begun}Expect: 100-continue\r\n\r\n`);
  await once(client, 'data');
  client.write('01234');
}

/** What the server said until the connection was gone, however it went. */
function allOf(client: Socket): Promise<string> {
  let said = '';
  client.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => client.once('close', () => resolve(said)));
}
