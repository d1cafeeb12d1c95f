import type { Channel, ChannelModel } from 'amqplib';
import { closeGently, endOf } from './connection.js';
import { eventsExchange, serviceExchange } from './names.js';
import { exchangeExists, queueStateOf } from './queue-state.js';
import { queuesOf, type DeclaredService } from './service-topology.js';
import { refusalOf, TopologyRefused } from './topology-refused.js';

/**
 * Rejects with `TopologyRefused`, and a sentence for each of them, when queues or exchanges are there with other arguments
 * than this version declares. Declaring is the only question about arguments that AMQP knows, and it changes nothing of what
 * exists; so only that is declared, each on a channel of its own, since a refusal closes it.
 */
export async function refuseOtherArguments(model: ChannelModel, wanted: readonly DeclaredService[]): Promise<void> {
  const exchanges = [eventsExchange, ...wanted.map(({ service }) => serviceExchange(service))];
  const refusals = await Promise.all([
    ...exchanges.map(async (exchange) =>
      (await exchangeExists(model, exchange))
        ? refusalTo(model, (channel) => channel.assertExchange(exchange, 'topic', { durable: true }))
        : undefined,
    ),
    ...wanted
      .flatMap(queuesOf)
      .map(async ({ queue, options }) =>
        (await queueStateOf(model, queue))
          ? refusalTo(model, (channel) => channel.assertQueue(queue, options))
          : undefined,
      ),
  ]);
  const found = refusals.filter((refusal) => refusal !== undefined);
  if (found.length > 0) throw new TopologyRefused(found.join('\n'));
}

/** Why the broker refuses a declaration because of what is there already, if it does. */
export async function refusalTo(
  model: ChannelModel,
  declare: (channel: Channel) => Promise<unknown>,
): Promise<string | undefined> {
  const channel = await model.createChannel();
  void endOf(channel);
  try {
    await declare(channel);
    return undefined;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return refusal;
  } finally {
    await closeGently(channel);
  }
}
