import type { ChannelModel } from 'amqplib';
import type { Logger } from '@quadrille/observability';
import type { BrokerMetrics } from './metrics.js';
import { queueStateOf } from './queue-state.js';

export interface DeadLetterWatchOptions {
  readonly queue: string;
  readonly ask: <Answer>(question: (model: ChannelModel) => Promise<Answer>) => Promise<Answer>;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
  readonly pauseMs: number;
}

/**
 * Counts the messages of a dead-letter queue by a timer, so that scraping costs nothing and a broker that is away fails no
 * scrape. Their ages are not to be had: the broker tells none, and looking at a message would change the queue's order.
 */
export class DeadLetterWatch {
  private readonly timer: NodeJS.Timeout;
  private counting: Promise<void> | undefined;

  constructor(private readonly options: DeadLetterWatchOptions) {
    this.timer = setInterval(() => this.begin(), options.pauseMs).unref();
    this.begin();
  }

  /** A question that is on its way ends with its connection. */
  stop(): void {
    clearInterval(this.timer);
  }

  /** An answer that takes long is waited for, and not asked for again. */
  private begin(): void {
    this.counting ??= this.count().finally(() => (this.counting = undefined));
  }

  private async count(): Promise<void> {
    const { queue, ask, metrics, logger } = this.options;
    try {
      const state = await ask((model) => queueStateOf(model, queue));
      if (state) metrics.deadLetters.set({ queue }, state.messageCount);
    } catch (error) {
      logger.debug({ err: error, queue }, 'the dead letters of the broker could not be counted');
    }
  }
}
