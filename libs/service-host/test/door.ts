import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Door {
  /** The address behind it, as whoever comes through the door has to name it. */
  readonly url: string;
  /** Ends every connection, and each new one as soon as it comes. */
  shut(): void;
  open(): void;
  remove(): Promise<void>;
}

/** Stands between a service and one of its servers, which others use at the same time. */
export async function doorTo(url: string): Promise<Door> {
  const { hostname, port } = new URL(url);
  const through = new Set<Socket>();
  let isShut = false;
  const server = createServer({ noDelay: true }, (inner) => {
    if (isShut) return inner.destroy();
    const outer = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      through.add(one);
      one.pipe(other);
      // Whatever ends a connection at one end ends it at the other.
      one.on('error', () => undefined);
      one.once('close', () => {
        through.delete(one);
        other.destroy();
      });
    }
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const shut = () => {
    isShut = true;
    for (const socket of through) socket.destroy();
  };
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String((server.address() as AddressInfo).port) })
      .href,
    shut,
    open: () => {
      isShut = false;
    },
    remove: async () => {
      shut();
      server.close();
      await once(server, 'close');
    },
  };
}
