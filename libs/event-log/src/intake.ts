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
  readonly stream: Pick<MessageStream, 'take' | 'takeReady'>;
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
  /** Taken from the stream and not handed on yet. */
  private readonly here: IncomingMessage[] = [];
  /** While the stream is waited for: false when it was closed meanwhile. */
  private coming: Promise<boolean> | undefined;

  constructor(private readonly options: IntakeOptions) {}

  /** At least one message and at most `max`; none once the stream is closed. */
  async take(max: number): Promise<readonly Taken[]> {
    if (!(await this.come(max))) return [];
    const taken = this.handOn(max);
    let company: Promise<void> | undefined;
    while (taken.length < max && taken.every(({ canWait }) => canWait)) {
      company ??= this.options.company();
      const isOpen = await Promise.race([this.come(max - taken.length), company]);
      if (isOpen === undefined) break;
      // Closed: what was kept back is not acknowledged, and comes again.
      if (!isOpen) return [];
      taken.push(...this.handOn(max - taken.length));
    }
    return taken;
  }

  /** What has come since and may join what was taken before, without waiting: at most `max`, up to the first that may not. */
  takeReady<Joining extends Taken>(max: number, mayJoin: (taken: Taken) => taken is Joining): readonly Joining[] {
    // While the stream is waited for, nothing is there.
    if (this.here.length < max && !this.coming)
      this.here.push(...this.options.stream.takeReady(max - this.here.length));
    const joining: Joining[] = [];
    for (const message of this.here.slice(0, Math.max(0, max))) {
      const taken = this.taken(message);
      if (!mayJoin(taken)) break;
      joining.push(taken);
    }
    this.here.splice(0, joining.length);
    return joining;
  }

  private async come(max: number): Promise<boolean> {
    if (this.here.length > 0) return true;
    this.coming ??= this.options.stream.take(max).then((came) => {
      this.coming = undefined;
      this.here.push(...came);
      return came.length > 0;
    });
    return this.coming;
  }

  private handOn(max: number): Taken[] {
    return this.here.splice(0, max).map((message) => this.taken(message));
  }

  private taken(message: IncomingMessage): Taken {
    const item = readDelivery(message, this.options.partition);
    return { message, item, canWait: item.kind === 'delivery' && this.options.deferrable.has(item.type) };
  }
}
