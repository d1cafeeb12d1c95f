import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { Failure } from '../command-line/ends.js';
import { AdminApi } from './http.js';

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

async function serve(answer: RequestListener): Promise<AdminApi> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new AdminApi('inventory', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'token');
}

describe('a server', () => {
  it('whose answer breaks off is told in one sentence that names it', async () => {
    const api = await serve((_, response) => {
      response.writeHead(202, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"replayed": ', () => response.destroy());
    });
    const asked = api.ask('POST', '/v1/dead-letters/1/replay', z.unknown());
    await expect(asked).rejects.toThrow(Failure);
    await expect(asked).rejects.toThrow(/^inventory does not answer at http:\S+ \(UND_ERR_SOCKET\)\.$/);
  });

  it('that refuses is told with its reason', async () => {
    const api = await serve((_, response) => {
      response.writeHead(409).end(JSON.stringify({ code: 'wrong_status', detail: '1 is discarded already' }));
    });
    await expect(api.ask('POST', '/', z.unknown())).rejects.toMatchObject({
      ...{ status: 409, code: 'wrong_status', message: 'inventory answers 409: 1 is discarded already' },
    });
  });
});
