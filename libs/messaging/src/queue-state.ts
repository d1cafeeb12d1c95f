import type { ChannelModel, Replies } from 'amqplib';
import { closeGently, endOf } from './connection.js';

const notFound = 404;

/**
 * Whether a queue exists, how many messages are ready in it and how many consumers it has. Asks passively and on a channel of
 * its own, since the broker closes the channel that asks for what is not there.
 */
export function queueStateOf(model: ChannelModel, queue: string): Promise<Replies.AssertQueue | undefined> {
  return ask(model, (channel) => channel.checkQueue(queue));
}

export async function exchangeExists(model: ChannelModel, exchange: string): Promise<boolean> {
  return (await ask(model, (channel) => channel.checkExchange(exchange))) !== undefined;
}

async function ask<Answer>(
  model: ChannelModel,
  question: (channel: Awaited<ReturnType<ChannelModel['createChannel']>>) => Promise<Answer>,
): Promise<Answer | undefined> {
  const channel = await model.createChannel();
  void endOf(channel);
  try {
    return await question(channel);
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (code === notFound && !message.includes('down or inaccessible')) return undefined;
    throw error;
  } finally {
    await closeGently(channel);
  }
}
