import type { Channel, ConsumeMessage } from 'amqplib';
import { listenerDeadLetterQueue, listenerQueue, listenerRetryQueue } from './names.js';
import { lastingQueue, queueWithDeadLetters, waitingQueue } from './queue-arguments.js';
import { copyOf, setAsideCopy, setAsideHeaders, type SetAsideBecause } from './set-aside-copy.js';
import type { OutgoingMessage } from './confirmed-channel.js';

export interface RetryOptions {
  /** How often a message is handled in all before it becomes a dead letter. */
  readonly attemptsMax?: number | undefined;
  /** The longest wait before the second attempt. */
  readonly firstDelayMs?: number | undefined;
  /** By how much each further wait is longer. */
  readonly factor?: number | undefined;
}

/**
 * From how many waits each is drawn. A queue has one time to live, because a message is let go at the head of its queue only:
 * with times of their own, short waits would stand behind long ones, and a crowd would come back at the end of the longest.
 */
const waitsPerAttempt = 4;

/**
 * The queues of a service's listeners: one to consume, one per wait, and one for what is given up. Waits have full jitter, in
 * steps: an attempt has several queues, up to its longest wait, and each message takes one of them by chance.
 */
export class RetryQueues {
  readonly queue: string;
  readonly deadLetters: string;
  /** Of each attempt that failed: the waits to draw from. */
  private readonly waitsMs: readonly (readonly number[])[];

  constructor(
    private readonly service: string,
    { attemptsMax = 5, firstDelayMs = 1_000, factor = 4 }: RetryOptions = {},
  ) {
    this.queue = listenerQueue(service);
    this.deadLetters = listenerDeadLetterQueue(service);
    this.waitsMs = Array.from({ length: attemptsMax - 1 }, (_, n) => waitsUpTo(firstDelayMs * factor ** n));
  }

  async declare(channel: Channel): Promise<void> {
    await channel.assertQueue(this.deadLetters, lastingQueue);
    await channel.assertQueue(this.queue, queueWithDeadLetters('', this.deadLetters));
    for (const delayMs of new Set(this.waitsMs.flat()))
      await channel.assertQueue(listenerRetryQueue(this.service, delayMs), waitingQueue(this.queue, delayMs));
  }

  /** Which attempt this message is, counted from 1. In a header of our own: RabbitMQ's `x-death` counts are not portable. */
  attemptOf(message: ConsumeMessage): number {
    const attempt: unknown = message.properties.headers?.[setAsideHeaders.attempt];
    return typeof attempt === 'number' ? attempt : 1;
  }

  /** The copy that comes again at once, behind what waits. */
  again(message: ConsumeMessage): OutgoingMessage {
    return copyOf(message, { exchange: '', routingKey: this.queue });
  }

  /** The copy that comes again after its wait; undefined when no attempt is left. */
  retry(message: ConsumeMessage): OutgoingMessage | undefined {
    const attempt = this.attemptOf(message);
    const waitsMs = this.waitsMs[attempt - 1] ?? [];
    const delayMs = waitsMs[Math.floor(Math.random() * waitsMs.length)];
    if (delayMs === undefined) return undefined;
    const retry = copyOf(message, { exchange: '', routingKey: listenerRetryQueue(this.service, delayMs) });
    return {
      ...retry,
      headers: {
        ...retry.headers,
        [setAsideHeaders.attempt]: attempt + 1,
        [setAsideHeaders.firstFailedAt]: firstFailedAt(message) ?? new Date().toISOString(),
      },
    };
  }

  deadLetter(message: ConsumeMessage, because: Pick<SetAsideBecause, 'reason' | 'stack'>): OutgoingMessage {
    return setAsideCopy(
      message,
      { exchange: '', routingKey: this.deadLetters },
      { exchange: '', routingKey: this.queue },
      { ...because, service: this.service, attempt: this.attemptOf(message), firstFailedAt: firstFailedAt(message) },
    );
  }
}

function waitsUpTo(longestMs: number): number[] {
  return Array.from({ length: waitsPerAttempt }, (_, n) => Math.ceil((longestMs * (n + 1)) / waitsPerAttempt));
}

function firstFailedAt(message: ConsumeMessage): string | undefined {
  const value: unknown = message.properties.headers?.[setAsideHeaders.firstFailedAt];
  return typeof value === 'string' ? value : undefined;
}
