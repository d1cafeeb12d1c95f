import type { PublicEvent } from '@quadrille/contracts';
import { brokerAdmin, type ThrowAwayBroker } from '@quadrille/testing';
import type { IncomingMessage, PartitionStream } from '../src/index.js';

/** Waits until a fact is there; a fact that does not come in time is a failure that names it. */
export async function until<Fact>(what: string, look: () => Promise<Fact | undefined | false>): Promise<Fact> {
  const endsAt = Date.now() + 40_000;
  for (;;) {
    const fact = await look();
    if (fact !== undefined && fact !== false) return fact;
    if (Date.now() > endsAt) throw new Error(`not within 40 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Takes and acknowledges until `enough` says so; answers with all that was taken, in order. */
export async function takeUntil(
  stream: PartitionStream,
  enough: (taken: readonly IncomingMessage[]) => boolean,
): Promise<IncomingMessage[]> {
  const taken: IncomingMessage[] = [];
  while (!enough(taken)) {
    const batch = await stream.take(50);
    if (batch.length === 0) throw new Error('the stream was closed');
    taken.push(...batch);
    stream.acknowledge(batch);
  }
  return taken;
}

export function eventOf(message: IncomingMessage): PublicEvent {
  return JSON.parse(Buffer.from(message.body).toString()) as PublicEvent;
}

interface ConnectionInfo {
  readonly name: string;
  readonly vhost: string;
  readonly connected_at?: number;
  readonly client_properties?: { readonly connection_name?: string };
}

/** Ends a connection from the broker's side, once the broker lists it: its list lags some seconds behind. */
export async function cutConnection(broker: ThrowAwayBroker, connectionName: string, openedSince: Date): Promise<void> {
  const { name } = await until(`${connectionName} in the broker's list`, async () => {
    const all = (await brokerAdmin(broker.adminUrl, 'GET', '/api/connections')) as ConnectionInfo[];
    return all.find(
      ({ vhost, connected_at = 0, client_properties }) =>
        vhost === broker.vhost &&
        client_properties?.connection_name === connectionName &&
        connected_at >= openedSince.getTime(),
    );
  });
  await brokerAdmin(broker.adminUrl, 'DELETE', `/api/connections/${encodeURIComponent(name)}`);
}

/** The bindings of a virtual host as `source -> destination: key`. */
export async function bindings(broker: ThrowAwayBroker): Promise<string[]> {
  const all = (await brokerAdmin(broker.adminUrl, 'GET', `/api/bindings/${broker.vhost}`)) as {
    source: string;
    destination: string;
    routing_key: string;
  }[];
  return all
    .filter(({ source }) => source !== '')
    .map(({ source, destination, routing_key }) => `${source} -> ${destination}: ${routing_key}`)
    .sort();
}

export async function queues(broker: ThrowAwayBroker): Promise<string[]> {
  const all = (await brokerAdmin(broker.adminUrl, 'GET', `/api/queues/${broker.vhost}`)) as { name: string }[];
  return all.map(({ name }) => name).sort();
}
