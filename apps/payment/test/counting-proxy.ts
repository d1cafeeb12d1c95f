import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CountingProxy {
  readonly url: string;
  /** How many requests have come through. */
  requests(): number;
  stop(): Promise<void>;
}

/** Stands before the provider and counts what it sees. */
export async function countingProxy(target: string): Promise<CountingProxy> {
  let requests = 0;
  const server = createServer((incoming, outgoing) => {
    requests += 1;
    const { method, headers, url = '' } = incoming;
    const forwarded = request(new URL(url, target), { ...(method ? { method } : {}), headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    // Without an answer there, there is none here.
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
