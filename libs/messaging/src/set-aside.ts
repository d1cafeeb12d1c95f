import { setTimeout as delay } from 'node:timers/promises';
import { failpoint } from '@quadrille/observability';
import type { Channel, Message } from 'amqplib';
import { Broker } from './broker.js';
import { closeGently, endOf } from './connection.js';
import { listenerQueue, serviceExchange } from './names.js';
import { PublishUnknown } from './publish-unknown.js';
import { copyOf, setAsideHeaders, type Address } from './set-aside-copy.js';
import { takeReady } from './take-ready.js';

const othersMaxMs = 5_000;
const askAgainMs = 50;

/** A message in one of the broker's dead-letter queues. */
export interface SetAsideMessage {
  readonly messageId: string | undefined;
  readonly type: string | undefined;
  readonly reason: string;
  readonly stack: string | undefined;
  readonly service: string | undefined;
  readonly attempt: number | undefined;
  readonly traceId: string | undefined;
  readonly firstFailedAt: string | undefined;
  readonly setAsideAt: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The body read as UTF-8. */
  readonly body: string;
}

export interface SetAsideMessages {
  readonly messages: readonly SetAsideMessage[];
  /** Not when there are more than `max`, or than the 65,535 that the broker gives at once, or when somebody else consumes the queue. */
  readonly areAll: boolean;
}

/** Shows the oldest messages of a dead-letter queue: takes all of them for a moment, and puts them back in their order. */
export async function listSetAside(
  url: string,
  queue: string,
  { max = 100 }: { readonly max?: number | undefined } = {},
): Promise<SetAsideMessages> {
  return atQueue(url, queue, async (_broker, channel) => {
    const { messages, areAll } = await takeReady(channel, queue);
    return { messages: messages.slice(0, max).map(asSetAside), areAll: areAll && messages.length <= max };
  });
}

export interface ReplaySetAsideOptions {
  /** Only the one with this id. */
  readonly messageId?: string | undefined;
  /** Only those for which it says so. */
  readonly which?: ((message: SetAsideMessage) => boolean) | undefined;
  /** Awaited before each message goes: a place to limit the rate. When it rejects, the rest stays. */
  readonly beforeEach?: ((message: SetAsideMessage) => Promise<void>) | undefined;
}

export interface ReplayedSetAside {
  readonly replayed: number;
  /** Those that stay because they could not be sent. */
  readonly failed: readonly { readonly message: SetAsideMessage; readonly reason: string }[];
  /** Whether it saw all that there are, as of `SetAsideMessages`. */
  readonly sawAll: boolean;
}

/**
 * Sends messages of a dead-letter queue to where they had failed, all that are there now or those that are asked for; others
 * stay, in their order, and so does one that cannot be sent, which keeps no other one. A message leaves the dead-letter queue
 * when its copy is confirmed, so an interruption may repeat one.
 */
export async function replaySetAside(
  url: string,
  queue: string,
  { messageId, which = () => true, beforeEach }: ReplaySetAsideOptions = {},
): Promise<ReplayedSetAside> {
  return atQueue(url, queue, async (broker, channel, isOver) => {
    let replayed = 0;
    const failed: { message: SetAsideMessage; reason: string }[] = [];
    /** Why nothing more can go. */
    let ended: string | undefined;
    const { messages, areAll } = await takeReady(channel, queue);
    for (const message of messages) {
      if (messageId !== undefined && message.properties.messageId !== messageId) continue;
      const shown = asSetAside(message);
      if (!which(shown)) continue;
      if (ended === undefined) await beforeEach?.(shown);
      if (isOver()) ended ??= 'the connection to the broker was lost';
      if (ended !== undefined) {
        failed.push({ message: shown, reason: ended });
        continue;
      }
      await failpoint('replay.publishing');
      try {
        await broker.outgoing.send(copyOf(message, replayAddress(message, queue)));
      } catch (error) {
        const { message: reason } = error as Error;
        failed.push({ message: shown, reason });
        if (error instanceof PublishUnknown && error.reason === 'blocked') ended = reason;
        continue;
      }
      replayed += 1;
      await failpoint('replay.published');
      // What can no longer be acknowledged has gone and comes again, as after any interruption.
      if (!isOver()) channel.ack(message);
      await failpoint('replay.acknowledged');
    }
    return { replayed, failed, sawAll: areAll };
  });
}

/** What was taken and not acknowledged goes back in its order when the channel is closed. */
async function atQueue<Result>(
  url: string,
  queue: string,
  work: (broker: Broker, channel: Channel, isOver: () => boolean) => Promise<Result>,
): Promise<Result> {
  const broker = await Broker.connect({ url, name: 'quadrille set-aside' });
  try {
    return await broker.ask(async (model) => {
      const channel = await model.createChannel();
      let isOver = false;
      void endOf(channel);
      channel.once('close', () => (isOver = true));
      try {
        await whenNobodyConsumes(channel, queue);
        return await work(broker, channel, () => isOver);
      } finally {
        await closeGently(channel);
      }
    });
  } finally {
    await broker.close();
  }
}

/** A look that is over still has its messages until the broker has noticed its end, and so has one of somebody else until then. */
async function whenNobodyConsumes(channel: Channel, queue: string): Promise<void> {
  for (const end = Date.now() + othersMaxMs; Date.now() < end; await delay(askAgainMs))
    if ((await channel.checkQueue(queue)).consumerCount === 0) return;
}

function asSetAside({ properties, content }: Message): SetAsideMessage {
  const headers: Record<string, unknown> = properties.headers ?? {};
  const text = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined);
  const attempt = headers[setAsideHeaders.attempt];
  const brokersReason = text('x-first-death-reason') ?? text('x-last-death-reason');
  return {
    messageId: properties.messageId as string | undefined,
    type: properties.type as string | undefined,
    reason: text(setAsideHeaders.reason) ?? `the broker gave it up: ${brokersReason ?? 'it does not say why'}`,
    stack: text(setAsideHeaders.stack),
    service: text(setAsideHeaders.service),
    attempt: typeof attempt === 'number' ? attempt : undefined,
    traceId: text(setAsideHeaders.traceId),
    firstFailedAt: text(setAsideHeaders.firstFailedAt),
    setAsideAt: text(setAsideHeaders.setAsideAt),
    headers,
    body: content.toString('utf8'),
  };
}

/** What we set aside says where it came from; for what the broker gave up the broker does. */
function replayAddress({ properties, fields }: Message, queue: string): Address {
  const headers: Record<string, unknown> = properties.headers ?? {};
  const exchange = headers[setAsideHeaders.replayExchange];
  const routingKey = headers[setAsideHeaders.replayRoutingKey];
  if (typeof exchange === 'string' && typeof routingKey === 'string') return { exchange, routingKey };
  const [death] = properties.headers?.['x-death'] ?? [];
  const originalKey = death?.['routing-keys'][0];
  if (death === undefined || originalKey === undefined)
    throw new Error(
      `${properties.messageId ?? `a message with the key ${fields.routingKey}`} does not say where it came from`,
    );
  const service = queue.slice(0, queue.indexOf('.'));
  return death.queue === listenerQueue(service)
    ? { exchange: '', routingKey: death.queue }
    : { exchange: serviceExchange(service), routingKey: originalKey };
}
