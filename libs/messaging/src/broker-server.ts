import type { ChannelModel } from 'amqplib';

/** How a broker presents itself when a connection opens. */
export interface BrokerServer {
  readonly product: string;
  readonly version: string;
  readonly capabilities: Readonly<Record<string, boolean>>;
}

export function serverOf(model: ChannelModel): BrokerServer {
  const { product, version, capabilities } = model.connection.serverProperties as Record<string, unknown>;
  return { product: String(product), version: String(version), capabilities: capabilities as Record<string, boolean> };
}

/** The first whose quorum queues have a time to live and dead-letter at least once: without, retries and dead letters get lost. */
const oldest = [3, 10] as const;

/** What publishing and consuming rest on, and what it is for. */
const neededCapabilities = {
  publisher_confirms: 'tells the relay what has arrived',
  'basic.nack': 'tells the relay what was refused',
  consumer_cancel_notify: 'tells a consumer that its queue has moved',
  exchange_exchange_bindings: 'brings events from the exchange of all to that of a service',
  'connection.blocked': 'tells a publisher that the broker is in need',
} as const;

/** A sentence for each thing that makes a broker unfit, with what to change. */
export function judgeBrokerServer({ product, version, capabilities }: BrokerServer): string[] {
  if (product !== 'RabbitMQ') return [`AMQP_URL leads to ${product} ${version}: let it lead to RabbitMQ.`];
  const sentences = Object.entries(neededCapabilities)
    .filter(([capability]) => capabilities[capability] !== true)
    .map(
      ([capability, use]) =>
        `RabbitMQ ${version} does not offer ${capability}, which ${use}: let AMQP_URL lead to the broker itself and not to something between that hides it.`,
    );
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isTooOld = major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
  if (isTooOld) sentences.unshift(`RabbitMQ ${version} is too old: upgrade it to ${oldest.join('.')} or later.`);
  return sentences;
}
