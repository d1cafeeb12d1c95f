import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { reset, TcpProxy } from './tcp-proxy.js';

let echo: Server;
let proxy: TcpProxy;
const sockets: Socket[] = [];

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await TcpProxy.open({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  echo.close();
});

/** Connected, and perhaps ended again since. */
async function open(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  sockets.push(socket);
  socket.on('error', () => undefined); // Each test looks at the end it expects.
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
}

/** However it comes. */
const closed = (socket: Socket) =>
  new Promise((resolve) => (socket.closed ? resolve(0) : socket.once('close', resolve)));

/** Says it and resolves when the echo has said as much. */
async function echoed(socket: Socket, said: string): Promise<string> {
  let heard = '';
  socket.write(said);
  while (heard.length < said.length) heard += String((await once(socket, 'data'))[0]);
  return heard;
}

const quiet = (socket: Socket, forMs: number) =>
  Promise.race([once(socket, 'data').then(() => false), new Promise((resolve) => setTimeout(resolve, forMs, true))]);

describe('a proxy', () => {
  it('passes everything in order, and the end too', async () => {
    const socket = await open();
    const said = 'abcdefghij'.repeat(50_000);

    expect(await echoed(socket, said)).toBe(said);
    socket.end();
    socket.resume();

    await once(socket, 'end');
  });

  it('that is cut ends what is open and what comes, until it is healed', async () => {
    const socket = await open();
    await echoed(socket, 'before');

    proxy.cut();
    await closed(socket);
    await closed(await open());
    proxy.heal();

    expect(await echoed(await open(), 'after')).toBe('after');
    expect(proxy.disturbed).toBe(2);
  });

  it('resets both ends, and takes new connections', async () => {
    const socket = await open();
    await echoed(socket, 'before');
    const serverSide = sockets.find((other) => other !== socket)!;
    const resets = Promise.all([socket, serverSide].map((end) => once(end, 'error')));

    proxy.reset();

    expect((await resets).flat()).toEqual([
      expect.objectContaining({ code: 'ECONNRESET' }),
      expect.objectContaining({ code: 'ECONNRESET' }),
    ]);
    expect(await echoed(await open(), 'after')).toBe('after');
  });

  it('delays, at least by as much as it was told', async () => {
    const socket = await open();
    proxy.disturb({ delayMs: 100 });
    const began = performance.now();

    await echoed(socket, 'there and back');

    expect(performance.now() - began).toBeGreaterThan(195);
    expect(proxy.disturbed).toBe(2);
  });

  it('throttles to as many bytes a second as it was told', async () => {
    const socket = await open();
    proxy.disturb({ bytesPerSecond: 40_000 });
    const began = performance.now();

    await echoed(socket, 'x'.repeat(12_000));

    expect(performance.now() - began).toBeGreaterThan(295);
  });

  it.each(['to-server', 'to-client'] as const)(
    'silences %s, and what was held back comes afterwards',
    async (silent) => {
      const socket = await open();
      proxy.disturb({ silent });

      socket.write('kept');
      expect(await quiet(socket, 200)).toBe(true);
      expect(sockets.every(({ destroyed }) => !destroyed)).toBe(true);
      const coming = once(socket, 'data');
      proxy.heal();

      expect(String((await coming)[0])).toBe('kept');
    },
  );

  it('tells the client when the server is gone', async () => {
    const socket = await open();
    await echoed(socket, 'before');

    sockets.find((other) => other !== socket)!.resetAndDestroy();

    await closed(socket);
  });

  it('tells the client when there is no server', async () => {
    echo.close();
    const socket = await open();

    await closed(socket);
  });
});

describe('a socket that is reset', () => {
  const handles = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

  it.each([
    ['at once', () => undefined],
    ['while its end is on the way', (socket: Socket) => socket.end()],
  ])('%s leaves no handle, so that its process can end', async (_when, before: (socket: Socket) => void) => {
    const socket = await open();
    await echoed(socket, 'before');
    const ended = Promise.all(sockets.map(closed));
    const open_ = handles();

    before(socket);
    reset(socket);
    proxy.cut();
    await ended;

    expect(handles()).toBeLessThanOrEqual(open_ - 4);
  });
});
