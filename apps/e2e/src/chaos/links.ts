import type { ServiceName } from '@quadrille/contracts';
import { TcpProxy } from './tcp-proxy.js';

/** One party's connections to another, through a proxy of their own. */
export interface Link {
  readonly from: string;
  readonly to: string;
  /** The service whose work suffers with it. */
  readonly service: ServiceName;
  readonly proxy: TcpProxy;
}

/** What each variable that names another party leads to; several addresses have commas between them. */
const partyOf = {
  DATABASE_URL: 'database',
  AMQP_URL: 'broker',
  STRIPE_API_URL: 'provider',
  WEBHOOK_URL: 'payment',
} as const;

/** All connections between the parties of a system. */
export class Links {
  private readonly links = new Map<string, Link>();

  get all(): readonly Link[] {
    return [...this.links.values()];
  }

  /** For `beforeLaunch`: the variables that lead a replica through proxies, the same ones each time it starts. */
  async routes(
    name: ServiceName | 'payment-provider',
    replica: number,
    environment: Readonly<Record<string, string>>,
  ): Promise<Record<string, string>> {
    const from = name === 'payment-provider' ? 'provider' : `${name} ${replica + 1}`;
    const service = name === 'payment-provider' ? 'payment' : name;
    const routed: Record<string, string> = {};
    for (const [variable, to] of Object.entries(partyOf)) {
      const urls = environment[variable]?.split(',');
      if (!urls) continue;
      const through = urls.map((url, n) => this.through({ from, to: n === 0 ? to : `${to} ${n + 1}`, service }, url));
      routed[variable] = (await Promise.all(through)).join(',');
    }
    return routed;
  }

  /** For clients: the address of the proxy instead of the service's own. */
  async through({ from, to, service }: Omit<Link, 'proxy'>, url: string): Promise<string> {
    const name = `${from} to ${to}`;
    let link = this.links.get(name);
    if (!link) {
      const { hostname, port } = new URL(url);
      link = { from, to, service, proxy: await TcpProxy.open({ host: hostname, port: Number(port) }) };
      this.links.set(name, link);
    }
    const through = new URL(url);
    through.host = `127.0.0.1:${link.proxy.port}`;
    return through.href.replace(/\/$/, url.endsWith('/') ? '/' : '');
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ proxy }) => proxy.close()));
  }
}
