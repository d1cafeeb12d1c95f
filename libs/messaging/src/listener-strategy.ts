import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Channel } from 'amqplib';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { catalogue, definitionOf, parseMessage, type PublicEvent } from '@quadrille/contracts';
import { failpoint, silentLogger, type Logger, type Registry } from '@quadrille/observability';
import { isObservable, lastValueFrom } from 'rxjs';
import { Backoff } from './backoff.js';
import { Broker } from './broker.js';
import { judgeBrokerServer } from './broker-server.js';
import type { OutgoingMessage } from './confirmed-channel.js';
import type { Consumer, Delivery } from './consumer.js';
import { refusalTo } from './existing-arguments.js';
import { ListenerContext } from './listener-context.js';
import { eventsExchange } from './names.js';
import { RABBIT_EVENTS } from './on-event.js';
import { RetryQueues, type RetryOptions } from './retry-queues.js';
import { typePattern } from './service-topology.js';
import { TopologyRefused } from './topology-refused.js';

export interface RabbitListenerOptions {
  readonly url: string;
  /** Whose listeners these are: all replicas of a service share one queue. */
  readonly service: string;
  readonly retry?: RetryOptions | undefined;
  /** How many handlers may run at once. */
  readonly prefetch?: number | undefined;
  readonly logger?: Logger | undefined;
  readonly registry?: Registry | undefined;
  /** How long `listen` tries to reach a broker that is not there yet. */
  readonly connectTimeoutMs?: number | undefined;
}

/** RabbitMQ 4's own default. Beyond it a message is taken for one that ends the process that handles it. */
const deliveriesMax = 20;

/**
 * Nest's transport for whoever just wants to listen: `@EventPattern` handlers get typed events, at least once and without a
 * promise of order, through guards, pipes, interceptors and filters. A message is acknowledged after all its handlers are done.
 * When one fails, the message comes again after growing waits, to all of them, and at last becomes a dead letter; one that
 * cannot be read becomes one at once. `listen` fails with `TopologyRefused` on a broker that is unfit for it.
 */
export class RabbitListenerStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = RABBIT_EVENTS;
  override readonly propagatesEventHandlerErrors = true;
  private readonly handlers = new Map<string, MessageHandler[]>();
  private readonly running = new Set<Promise<void>>();
  private readonly waiting: (() => void)[] = [];
  private handling = 0;
  private readonly queues: RetryQueues;
  private readonly log: Logger;
  private broker: Broker | undefined;
  private consumer: Consumer | undefined;
  private readonly closing = new AbortController();
  private readonly prefetch: number;

  constructor(private readonly options: RabbitListenerOptions) {
    super();
    this.prefetch = options.prefetch ?? 20;
    this.queues = new RetryQueues(options.service, options.retry);
    this.log = options.logger ?? silentLogger;
  }

  /** Handlers of one event are kept side by side. Nest would chain them, and one that completes empty would end the others. */
  override addHandler(type: string, handler: MessageHandler, isEventHandler = false, extras = {}): void {
    if (!isEventHandler)
      throw new Error(
        `@MessagePattern('${type}'): no answers travel here; use @EventPattern, or name another transport.`,
      );
    if (!definitionOf(type))
      throw new Error(
        `@EventPattern('${type}'): no such event; use one of ${catalogue.map((event) => event.type).join(', ')}, or name another transport.`,
      );
    const others = this.handlers.get(type);
    if (others) others.push(handler);
    else {
      this.handlers.set(type, [handler]);
      super.addHandler(type, handler, isEventHandler, extras);
    }
  }

  listen(callback: (error?: unknown) => void): void {
    this.start().then(() => callback(), callback);
  }

  /** Takes no further messages, waits for the handlers that run, and closes when their acknowledgements are on the way. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.running);
    await this.consumer?.close();
    await this.broker?.close();
  }

  on(event: string): never {
    throw new Error(`this transport has no event ${event}`);
  }

  unwrap<Unwrapped = Broker>(): Unwrapped {
    return this.broker as Unwrapped;
  }

  private async start(): Promise<void> {
    const { url, service, registry, connectTimeoutMs } = this.options;
    const name = `${service} listener`;
    this.broker = await Broker.connect({ url, name, logger: this.log, registry, connectTimeoutMs });
    await this.preflight(this.broker);
    this.consumer = this.broker.consume({
      queue: this.queues.queue,
      prefetch: this.prefetch,
      prepare: (channel) => this.prepare(channel),
      receive: (delivery) => this.receive(delivery),
    });
    await this.consumer.subscribed();
    this.broker.watchDeadLetters(this.queues.deadLetters);
  }

  /** Arguments are compared and bindings made each time, since whoever listens may declare its own queues. */
  private async prepare(channel: Channel): Promise<void> {
    await this.queues.declare(channel);
    await channel.assertExchange(eventsExchange, 'topic', { durable: true });
    for (const type of this.handlers.keys())
      await channel.bindQueue(this.queues.queue, eventsExchange, typePattern(type));
  }

  /** What waiting will not mend is told at once; a consumer would try again for ever. */
  private async preflight(broker: Broker): Promise<void> {
    const unfit = judgeBrokerServer(await broker.server());
    if (unfit.length > 0) throw new TopologyRefused(unfit.join('\n'));
    const refusal = await broker
      .ask((model) => refusalTo(model, (channel) => this.prepare(channel)))
      .catch((error: unknown) => this.log.info({ err: error }, 'the queues could not be compared; the consumer will'));
    if (refusal !== undefined) throw new TopologyRefused(refusal);
  }

  private receive(delivery: Delivery): void {
    // What still comes in while we close stays unacknowledged and goes back to the queue.
    if (this.closing.signal.aborted) return;
    this.broker?.metrics.delivered.inc({ service: this.options.service });
    const handling = this.inTurn(() => this.handle(delivery))
      .catch((error: unknown) => {
        this.log.error({ err: error }, 'a message goes back to its queue');
        this.consumer?.giveBack(delivery);
      })
      .finally(() => this.running.delete(handling));
    this.running.add(handling);
  }

  /** Batches bring more events than messages were asked for. */
  private async inTurn(work: () => Promise<void>): Promise<void> {
    if (this.handling >= this.prefetch) await new Promise<void>((go) => this.waiting.push(go));
    else this.handling += 1;
    try {
      // What has not begun when we close stays unacknowledged and goes back to the queue.
      if (!this.closing.signal.aborted) await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.handling -= 1;
    }
  }

  private async handle(delivery: Delivery): Promise<void> {
    const { message, deliveryCount } = delivery;
    // One of its events may end the process, and must not take the others along.
    if (delivery.json !== undefined && deliveryCount > 0)
      return void (await this.replace(delivery, this.queues.again(message)));
    if (deliveryCount >= deliveriesMax)
      return this.giveUp(delivery, {
        reason: `delivered ${deliveryCount + 1} times without an end: it may end the process`,
      });
    const parsed = parseMessage(delivery);
    if (parsed.kind !== 'event') return this.giveUp(delivery, { reason: parsed.reason });
    const { event } = parsed;
    await failpoint('listener.handling');
    const failure = await this.failureOf(event, delivery);
    await failpoint('listener.handled');
    if (failure === undefined) return this.acknowledge(delivery);
    const attempt = this.queues.attemptOf(message);
    this.log.warn({ err: failure, id: event.id, type: event.type, attempt }, 'a listener failed');
    const retry = this.queues.retry(message);
    if (retry) await this.replace(delivery, retry);
    else await this.giveUp(delivery, becauseOf(failure));
  }

  /** What went wrong, if anything, in any of the event's handlers. */
  private async failureOf(event: PublicEvent, { headers, message }: Delivery): Promise<unknown> {
    const handlers = this.handlers.get(event.type);
    if (!handlers) return new Error(`no handler for ${event.type} here; another replica may have one`);
    const attempt = this.queues.attemptOf(message);
    const failures = await Promise.all(
      handlers.map(async (handler) => {
        const context = new ListenerContext(headers, attempt);
        try {
          await this.run(handler, event, context);
          return undefined;
        } catch (error) {
          return context.failure ?? error ?? new Error('a listener failed without an error');
        }
      }),
    );
    return failures.find((failure) => failure !== undefined);
  }

  /** Resolves when the handler's last value has come, whatever it returns; between Nest's hooks for tracing. */
  private run(handler: MessageHandler, event: PublicEvent, context: ListenerContext): Promise<void> {
    return new Promise((resolve, reject) => {
      this.runWithProcessingHooks(context, async (end) => {
        try {
          const result: unknown = await handler(event, context);
          if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
          resolve();
        } catch (error) {
          reject(error);
        } finally {
          end();
        }
      });
    });
  }

  private async giveUp(delivery: Delivery, because: Because): Promise<void> {
    if (await this.replace(delivery, this.queues.deadLetter(delivery.message, because)))
      this.broker?.metrics.setAside.inc({ service: this.options.service });
  }

  /** The confirm of the copy comes before the acknowledgement of the original: a crash in between repeats, and loses nothing. */
  private async replace(delivery: Delivery, copy: OutgoingMessage): Promise<boolean> {
    const backoff = new Backoff();
    while (!delivery.isVoid && this.broker) {
      try {
        await failpoint('listener.replacing');
        await this.broker.outgoing.send(copy);
        await failpoint('listener.replaced');
        await this.acknowledge(delivery);
        return true;
      } catch (error) {
        this.log.warn({ err: error, to: copy.routingKey }, 'a failed message could not be put away and is tried again');
        await sleep(backoff.nextDelayMs(), undefined, { signal: this.closing.signal }).catch(() => undefined);
        if (this.closing.signal.aborted) return false;
      }
    }
    return false;
  }

  private async acknowledge(delivery: Delivery): Promise<void> {
    this.consumer?.acknowledge([delivery]);
    await failpoint('listener.acknowledged');
  }
}

type Because = Parameters<RetryQueues['deadLetter']>[1];

/** Anything can be thrown, also what is no JSON. */
function becauseOf(failure: unknown): Because {
  if (failure instanceof Error) return { reason: `${failure.name}: ${failure.message}`, stack: failure.stack };
  return { reason: typeof failure === 'string' ? failure : inspect(failure) };
}
