import type { Logger } from '@quadrille/observability';
import { Backoff } from './backoff.js';

/** Something that lives until `ended` resolves: a connection, a channel, a consumer. */
export interface Opened<Resource> {
  readonly resource: Resource;
  readonly ended: Promise<string>;
}

export interface Upkeep<Resource> {
  /** What the logs call it. */
  readonly name: string;
  open(): Promise<Opened<Resource>>;
  /** Closes gracefully; also called for a resource that ended by itself. Never rejects. */
  close(resource: Resource): Promise<void>;
  reopened?(): void;
  readonly logger: Logger;
}

/**
 * Keeps a resource open: whenever it ends, or cannot be opened, it is opened again after a growing, jittered wait.
 * opening -> open (`current` is set) -> ended -> waiting -> opening ..., and from anywhere to closed by `close()`.
 */
export class Kept<Resource> {
  current: Resource | undefined;
  /** Why the last attempt to open failed. */
  lastError: Error | undefined;
  private closed = false;
  private giveUp: ((reason: string) => void) | undefined;
  private stop!: () => void;
  private readonly stopped = new Promise<undefined>((resolve) => (this.stop = () => resolve(undefined)));
  private readonly waiting = new Set<() => void>();
  private readonly backoff = new Backoff();
  private readonly running: Promise<void>;

  constructor(private readonly upkeep: Upkeep<Resource>) {
    this.running = this.run();
  }

  /** The open resource, as soon as there is one. Rejects once this is closed. */
  async ready(): Promise<Resource> {
    while (this.current === undefined) {
      if (this.closed) throw new ClosedError(this.upkeep.name);
      await new Promise<void>((resolve) => this.onceChanged(resolve));
    }
    return this.current;
  }

  /** Calls `listener` once, when it is opened or closed for good. Answers with what takes the listener back. */
  onceChanged(listener: () => void): () => void {
    this.waiting.add(listener);
    return () => this.waiting.delete(listener);
  }

  /** Closes this resource, if it is the open one, and opens another. Nobody gets it any more from now on. */
  replace(resource: Resource, reason: string): void {
    if (this.current !== resource) return;
    this.current = undefined;
    this.giveUp?.(reason);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stop();
    this.wake();
    await this.running;
  }

  private wake(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const resolve of waiting) resolve();
  }

  private async run(): Promise<void> {
    for (let lives = 0; !this.closed;) {
      const opened = await this.tryOpen();
      if (!opened) {
        await this.pause();
        continue;
      }
      this.backoff.reset();
      if (lives++ > 0) this.upkeep.reopened?.();
      await this.live(opened);
      if (!this.closed) await this.pause();
    }
  }

  private async tryOpen(): Promise<Opened<Resource> | undefined> {
    const opening = this.upkeep.open();
    try {
      const opened = await Promise.race([opening, this.stopped]);
      // Closed in the meantime: whatever still opens is closed behind our back.
      if (!opened) opening.then(({ resource }) => this.upkeep.close(resource)).catch(() => undefined);
      return opened;
    } catch (error) {
      this.lastError = error as Error;
      if (!this.closed)
        this.upkeep.logger.warn({ err: error }, `${this.upkeep.name} could not be opened and is tried again`);
      return undefined;
    }
  }

  private async live({ resource, ended }: Opened<Resource>): Promise<void> {
    const givenUp = new Promise<string>((resolve) => (this.giveUp = resolve));
    this.current = resource;
    this.wake();
    const reason = await Promise.race([ended, givenUp, this.stopped]);
    this.current = undefined;
    if (reason !== undefined && !this.closed)
      this.upkeep.logger.warn({ reason }, `${this.upkeep.name} ended and is opened again`);
    await this.upkeep.close(resource);
  }

  private async pause(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.backoff.nextDelayMs())));
    await Promise.race([elapsed, this.stopped]);
    clearTimeout(timer);
  }
}

export class ClosedError extends Error {
  constructor(name: string) {
    super(`${name} is closed`);
    this.name = 'ClosedError';
  }
}
