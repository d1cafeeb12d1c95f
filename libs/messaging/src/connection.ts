import type { Duplex } from 'node:stream';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import type { Logger } from '@quadrille/observability';
import { Kept, type Opened } from './kept.js';

export interface ConnectionOptions {
  readonly url: string;
  /** Shown by the broker's tools. */
  readonly name: string;
  readonly heartbeatSeconds: number;
  readonly logger: Logger;
  readonly reopened?: () => void;
}

const handshakeTimeoutMs = 10_000;
const closeTimeoutMs = 5_000;

/** One connection to the broker that comes back whenever it is lost. */
export class BrokerConnection {
  /** Why the broker stopped reading from this connection (a memory or disk alarm); undefined while it reads. */
  blocked: string | undefined;
  private readonly kept: Kept<ChannelModel>;
  private readonly unblockedListeners = new Set<() => void>();

  constructor(options: ConnectionOptions) {
    this.kept = new Kept<ChannelModel>({
      name: `the connection ${options.name}`,
      logger: options.logger,
      open: () => this.open(options),
      close: closeGently,
      ...(options.reopened ? { reopened: options.reopened } : {}),
    });
  }

  get isUp(): boolean {
    return this.kept.current !== undefined;
  }

  get lastError(): Error | undefined {
    return this.kept.lastError;
  }

  /** The open connection, as soon as there is one. Rejects once this is closed. */
  ready(): Promise<ChannelModel> {
    return this.kept.ready();
  }

  /** Calls `listener` once, when the broker reads again or the blocked connection is gone. Answers with what takes it back. */
  onceUnblocked(listener: () => void): () => void {
    this.unblockedListeners.add(listener);
    return () => this.unblockedListeners.delete(listener);
  }

  /** Close the channels first: an acknowledgement right before the end of a connection is lost. */
  close(): Promise<void> {
    return this.kept.close();
  }

  private async open(options: ConnectionOptions): Promise<Opened<ChannelModel>> {
    const model = await openConnection(options);
    const ended = endOf(model).then((reason) => {
      this.unblock();
      return reason;
    });
    model.on('blocked', (reason) => {
      this.blocked = reason;
      options.logger.warn({ reason }, `the broker blocks publishing on ${options.name}`);
    });
    model.on('unblocked', () => {
      options.logger.info({}, `the broker takes messages on ${options.name} again`);
      this.unblock();
    });
    await provenAlive(model).catch(async (error: unknown) => {
      await closeGently(model);
      throw error;
    });
    return { resource: model, ended };
  }

  private unblock(): void {
    this.blocked = undefined;
    const listeners = [...this.unblockedListeners];
    this.unblockedListeners.clear();
    for (const listener of listeners) listener();
  }
}

/** A plain connection without upkeep. Without `noDelay` Nagle's algorithm makes each delivery wait for some 20 ms. */
export async function openConnection(options: {
  readonly url: string;
  readonly name: string;
  readonly heartbeatSeconds: number;
}): Promise<ChannelModel> {
  const url = new URL(options.url);
  url.searchParams.set('heartbeat', String(options.heartbeatSeconds));
  const model = await connect(url.href, {
    noDelay: true,
    timeout: handshakeTimeoutMs,
    clientProperties: { connection_name: options.name },
  });
  writeTogether((model.connection as unknown as { readonly stream: Duplex }).stream);
  return model;
}

/**
 * All frames of one turn of the event loop go out in one write: a round acknowledges on as many channels as it has
 * partitions, and amqplib writes for each. It shows its stream in no type.
 */
function writeTogether(stream: Duplex): void {
  const write = stream.write.bind(stream) as (chunk: Uint8Array) => boolean;
  stream.write = (chunk: Uint8Array) => {
    if (stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(() => stream.uncork());
    }
    return write(chunk);
  };
}

/** Resolves with the reason when a connection or channel is over. Also listens to its errors: without, they end the process. */
export function endOf(resource: ChannelModel | Channel): Promise<string> {
  return new Promise((resolve) => {
    let reason = 'closed';
    resource.on('error', (error: Error) => (reason = error.message));
    resource.on('close', (error?: Error) => resolve(error?.message ?? reason));
  });
}

/**
 * Closes a connection or channel and waits until it is closed. One that is closed already is fine; one that does not answer
 * is left to its heartbeats after a while.
 */
export async function closeGently(resource: ChannelModel | Channel): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const closed = new Promise<void>((resolve) => resource.once('close', () => resolve()));
  const givenUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeTimeoutMs)));
  try {
    // The promise of close() never settles when the connection breaks meanwhile, but the event comes then as well.
    await Promise.race([resource.close(), closed, givenUp]);
  } catch {
    // It was closed already: amqplib says so by throwing.
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A close that arrives in the same packet as the answer to an opening is over before anybody could listen for it. One more
 * question settles it.
 */
async function provenAlive(model: ChannelModel): Promise<void> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  await channel.close();
}
