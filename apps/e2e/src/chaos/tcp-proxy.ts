import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type Direction = 'to-server' | 'to-client';

/** What happens to the bytes that pass. Order and content stay, as TCP promises. */
export interface Disturbance {
  /** Each piece waits so long before it passes. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** Nothing passes in this direction, and both ends think that all is well. What was held back passes afterwards. */
  readonly silent?: Direction;
}

/** A connection between two parties that a test can cut, reset, delay, throttle and silence. */
export class TcpProxy {
  /** Pieces that a disturbance met, and connections that were ended or refused. */
  disturbed = 0;
  /** Pieces that went through. */
  passed = 0;
  private readonly server: Server;
  private readonly pairs = new Set<Pair>();
  private disturbance: Disturbance = {};
  private isCut = false;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.accept(client));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.pairs.size;
  }

  disturb(disturbance: Disturbance): void {
    this.disturbance = disturbance;
    for (const pair of this.pairs) pair.changed();
  }

  /** Ends every connection, and each new one as soon as it comes, until `heal`. */
  cut(): void {
    this.isCut = true;
    this.endAll((pair) => pair.destroy());
  }

  /** Ends every connection at both ends with RST. New ones may come. */
  reset(): void {
    this.endAll((pair) => pair.reset());
  }

  heal(): void {
    this.isCut = false;
    this.disturb({});
  }

  async close(): Promise<void> {
    this.server.close();
    this.endAll((pair) => pair.destroy());
    await once(this.server, 'close');
  }

  private endAll(end: (pair: Pair) => void): void {
    this.disturbed += this.pairs.size;
    for (const pair of [...this.pairs]) end(pair);
  }

  private accept(client: Socket): void {
    if (this.isCut) {
      this.disturbed += 1;
      client.on('error', () => undefined); // It is refused, whatever it says.
      reset(client);
      return;
    }
    const server = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    const pair = new Pair(client, server, {
      delayFor: (direction, length) => this.delayFor(direction, length),
      passes: () => (this.passed += 1),
    });
    this.pairs.add(pair);
    void pair.ended.then(() => this.pairs.delete(pair));
  }

  /** How long a piece waits, or `undefined`: until something changes. */
  private delayFor(direction: Direction, length: number): number | undefined {
    const { delayMs = 0, bytesPerSecond = Infinity, silent } = this.disturbance;
    const waitMs = silent === direction ? undefined : delayMs + (length / bytesPerSecond) * 1000;
    if (waitMs !== 0) this.disturbed += 1;
    return waitMs;
  }
}

/** Small enough that a throttled connection flows instead of jumping. */
const pieceBytesMax = 4096;

class Pair {
  readonly ended: Promise<unknown>;
  private readonly over = new AbortController();
  private change = new AbortController();

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly weather: {
      delayFor(direction: Direction, length: number): number | undefined;
      passes(): void;
    },
  ) {
    for (const socket of [client, server]) socket.on('error', () => this.reset());
    this.ended = Promise.all([this.pump('to-server'), this.pump('to-client')]).then(() => this.destroy());
  }

  changed(): void {
    this.change.abort();
    this.change = new AbortController();
  }

  destroy(): void {
    this.end((socket) => socket.destroy());
  }

  reset(): void {
    this.end(reset);
  }

  private end(how: (socket: Socket) => void): void {
    this.over.abort();
    this.changed();
    for (const socket of [this.client, this.server]) if (!socket.destroyed) how(socket);
  }

  private async pump(direction: Direction): Promise<void> {
    const [from, to] = direction === 'to-server' ? [this.client, this.server] : [this.server, this.client];
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
        for (let at = 0; at < chunk.length; at += pieceBytesMax) {
          const piece = chunk.subarray(at, at + pieceBytesMax);
          await this.wait(direction, piece.length);
          if (this.over.signal.aborted) return;
          this.weather.passes();
          if (!to.write(piece)) await once(to, 'drain', { signal: this.over.signal });
        }
      if (!this.over.signal.aborted) to.end();
    } catch {
      this.reset(); // One end is gone, so the other learns of it the same way.
    }
  }

  private async wait(direction: Direction, length: number): Promise<void> {
    while (!this.over.signal.aborted) {
      const waitMs = this.weather.delayFor(direction, length);
      if (waitMs === 0) return;
      const { signal } = this.change;
      const changed = await pause(waitMs ?? 2 ** 30, false, { signal }).catch(() => true);
      if (!changed) return;
    }
  }
}

/**
 * Node loses the handle of a socket that is reset while its end is on the way (libuv refuses, and nobody closes it), and a
 * process with such a handle never ends. What has ended is closed without a reset instead.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
