import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Posts over kept-alive connections with as little work as Node allows: the generator shares the machine with what it measures. */
export class HttpClient {
  private readonly agent: Agent;
  private readonly target: { readonly hostname: string; readonly port: string };

  constructor(url: string, connectionsMax: number) {
    const { hostname, port } = new URL(url);
    this.target = { hostname, port };
    this.agent = new Agent({ keepAlive: true, maxSockets: connectionsMax, noDelay: true });
  }

  post(path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = request(
        {
          ...this.target,
          path,
          method: 'POST',
          agent: this.agent,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfter: response.headers['retry-after'],
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      call.once('error', reject);
      call.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
