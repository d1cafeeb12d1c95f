import type { IncomingMessage, MessageStream } from './deliveries.js';
import { readDelivery } from './delivery-item.js';

/** A message and what it says. */
export interface Taken {
  readonly message: IncomingMessage;
  readonly item: ReturnType<typeof readDelivery>;
  /** Nobody waits for it. */
  readonly canWait: boolean;
}

export interface IntakeOptions {
  readonly stream: Pick<MessageStream, 'take'>;
  readonly partition: number;
  /** Types of events that nobody waits for. */
  readonly deferrable: ReadonlySet<string>;
  /** Resolves when something is decided anyway, or soon at the latest. */
  readonly company: () => Promise<void>;
}

/**
 * Takes what comes from a partition's stream, in its order. Messages that nobody waits for are kept back until one comes that
 * somebody does wait for, or until there is company for them: a round costs the same with them and without.
 */
export class Intake {
  /** Asked for while others were kept back, and not handed on yet. */
  private coming: Promise<readonly IncomingMessage[]> | undefined;

  constructor(private readonly options: IntakeOptions) {}

  /** At least one message and at most `max`; none once the stream is closed. */
  async take(max: number): Promise<readonly Taken[]> {
    const taken = this.read(await this.come(max), max);
    let company: Promise<void> | undefined;
    while (taken.length > 0 && taken.length < max && taken.every(({ canWait }) => canWait)) {
      company ??= this.options.company();
      const more = await Promise.race([this.come(max - taken.length), company]);
      if (!more) break;
      // Closed: what was kept back is not acknowledged, and comes again.
      if (more.length === 0) return [];
      taken.push(...this.read(more, max - taken.length));
    }
    return taken;
  }

  private come(max: number): Promise<readonly IncomingMessage[]> {
    this.coming ??= this.options.stream.take(max);
    return this.coming;
  }

  /** What came may have been asked for when there was more room: the rest is next. */
  private read(came: readonly IncomingMessage[], max: number): Taken[] {
    this.coming = came.length > max ? Promise.resolve(came.slice(max)) : undefined;
    return came.slice(0, max).map((message) => this.taken(message));
  }

  private taken(message: IncomingMessage): Taken {
    const item = readDelivery(message, this.options.partition);
    return { message, item, canWait: item.kind === 'delivery' && this.options.deferrable.has(item.type) };
  }
}
