import { setImmediate as nextTurn } from 'node:timers/promises';
import { IllegalOperationError, type ConfirmChannel, type Message } from 'amqplib';
import { failpoint, isFailpointSet, type Logger } from '@quadrille/observability';
import { closeGently, endOf, type BrokerConnection } from './connection.js';
import { Kept, type Opened } from './kept.js';
import type { BrokerMetrics } from './metrics.js';
import { PublishUnknown, type UnknownReason } from './publish-unknown.js';

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly type?: string | undefined;
  readonly contentType: string;
  readonly correlationId?: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface InFlight {
  readonly message: OutgoingMessage;
  returned: boolean;
}

export interface ConfirmedChannelOptions {
  readonly connection: BrokerConnection;
  readonly confirmTimeoutMs: number;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
}

/**
 * A channel on which every message is persistent and mandatory and has a confirm with a deadline of our own. Many messages
 * are in flight at once. When a confirm is late the channel is closed and opened again, which settles all its messages.
 */
export class ConfirmedChannel {
  private readonly kept: Kept<ConfirmChannel>;
  private readonly inFlight = new Set<InFlight>();
  private readonly sending = new Set<Promise<void>>();
  private closing = false;

  constructor(private readonly options: ConfirmedChannelOptions) {
    this.kept = new Kept<ConfirmChannel>({
      name: 'the publishing channel',
      logger: options.logger,
      open: () => this.open(),
      close: closeGently,
    });
  }

  get isUp(): boolean {
    return this.kept.current !== undefined;
  }

  /** Resolves once the channel is open; rejects when it is closed before. */
  async ready(): Promise<void> {
    await this.kept.ready();
  }

  /** Resolves when the broker has confirmed the message and no `return` came; rejects with `PublishUnknown` otherwise. */
  send(message: OutgoingMessage): Promise<void> {
    const sent = this.sendWithDeadline(message);
    this.sending.add(sent);
    const done = () => this.sending.delete(sent);
    sent.then(done, done);
    return sent;
  }

  /** Waits for the confirms in flight, each up to its deadline, and closes the channel. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.allSettled(this.sending);
    await this.kept.close();
  }

  private async open(): Promise<Opened<ConfirmChannel>> {
    const model = await this.options.connection.ready();
    const channel = await model.createConfirmChannel();
    const ended = endOf(channel);
    channel.on('return', (message: Message) => this.markReturned(message));
    // Rejects when the channel ended before anybody could listen for it.
    await channel.prefetch(1);
    return { resource: channel, ended };
  }

  private async sendWithDeadline(message: OutgoingMessage): Promise<void> {
    if (this.closing) throw this.unknown('closed', message);
    const deadline = new Deadline(this.options.confirmTimeoutMs);
    try {
      await this.confirmed(await this.openChannel(message, deadline), message, deadline);
    } finally {
      deadline.clear();
    }
  }

  /** The channel, as soon as it is open and the broker takes messages. */
  private async openChannel(message: OutgoingMessage, deadline: Deadline): Promise<ConfirmChannel> {
    const { connection } = this.options;
    while (connection.blocked !== undefined || !this.kept.current) {
      const reason = connection.blocked === undefined ? 'closed' : 'blocked';
      const isLate = await deadline.passesBefore((wake) =>
        reason === 'blocked' ? connection.onceUnblocked(wake) : this.kept.onceChanged(wake),
      );
      if (isLate) throw this.unknown(reason, message);
    }
    return this.kept.current;
  }

  private async confirmed(channel: ConfirmChannel, message: OutgoingMessage, deadline: Deadline): Promise<void> {
    const { metrics } = this.options;
    const entry: InFlight = { message, returned: false };
    const stopTimer = metrics.confirmSeconds.startTimer();
    const confirm = new Promise<void>((resolve, reject) => {
      const settle = (error: Error | null) => {
        const reason = reasonOf(error, entry.returned);
        if (reason) return reject(this.unknown(reason, message, error));
        stopTimer();
        metrics.published.inc();
        resolve();
      };
      try {
        channel.publish(message.exchange, message.routingKey, asBuffer(message.body), publishOptions(message), settle);
      } catch (error) {
        // Anything else is a message that cannot be encoded: a fault of ours, and not unknown.
        reject(error instanceof IllegalOperationError ? this.unknown('closed', message, error) : (error as Error));
      }
      void deadline.passed.then(() => {
        if (!this.inFlight.has(entry)) return;
        // While the broker blocks, a new channel would not help, and the confirms come once it reads again.
        if (this.options.connection.blocked !== undefined) return reject(this.unknown('blocked', message));
        reject(this.unknown('timeout', message));
        this.kept.replace(channel, 'a confirm did not come in time');
      });
    });
    this.inFlight.add(entry);
    metrics.inFlight.inc();
    try {
      await Promise.all([confirm, written()]);
    } finally {
      this.inFlight.delete(entry);
      metrics.inFlight.dec();
    }
  }

  /** A `return` comes before its own confirm and names no number, so it is matched by id and type. */
  private markReturned({ properties }: Message): void {
    for (const entry of this.inFlight)
      if (entry.message.messageId === properties.messageId && entry.message.type === properties.type)
        entry.returned = true;
  }

  private unknown(reason: UnknownReason, message: OutgoingMessage, cause?: Error | null): PublishUnknown {
    const { metrics } = this.options;
    metrics.unknown.inc({ reason });
    if (reason === 'nack') metrics.nacked.inc();
    if (reason === 'returned') metrics.returned.inc();
    const where = `${message.exchange || 'the default exchange'} with ${message.routingKey}`;
    return new PublishUnknown(
      reason,
      `${message.messageId} to ${where}: ${explanations[reason]}${cause ? ` (${cause.message})` : ''}`,
    );
  }
}

const explanations: Record<UnknownReason, string> = {
  nack: 'the broker refused it',
  returned: 'no queue is bound for it; has the setup step run?',
  timeout: 'the broker did not confirm it in time',
  closed: 'the channel is closed',
  blocked: 'the broker takes no messages now',
};

/** amqplib tells a nack from a closed channel by the message only. */
function reasonOf(error: Error | null, returned: boolean): UnknownReason | undefined {
  if (error) return error.message === 'message nacked' ? 'nack' : 'closed';
  return returned ? 'returned' : undefined;
}

function publishOptions({ messageId, type, contentType, correlationId, headers }: OutgoingMessage) {
  return {
    persistent: true,
    mandatory: true,
    messageId,
    contentType,
    headers,
    ...(type === undefined ? {} : { type }),
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

/** Between the publish and its confirm. amqplib writes in later turns of the event loop, and whoever acts here acts behind them. */
async function written(): Promise<void> {
  if (!isFailpointSet('publisher.written')) return;
  await nextTurn(); // The channel's frames go to the connection,
  await nextTurn(); // and those of all channels to the socket.
  await failpoint('publisher.written');
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

class Deadline {
  readonly passed: Promise<void>;
  private timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number) {
    this.passed = new Promise((resolve) => (this.timer = setTimeout(resolve, delayMs)));
  }

  /** Whether it passes before `wake` is called. Behind it nothing is left of who waited: a broker may be away for hours. */
  async passesBefore(subscribe: (wake: () => void) => () => void): Promise<boolean> {
    let takeBack: () => void = () => undefined;
    const woken = new Promise<boolean>((resolve) => (takeBack = subscribe(() => resolve(false))));
    try {
      return await Promise.race([woken, this.passed.then(() => true)]);
    } finally {
      takeBack();
    }
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
