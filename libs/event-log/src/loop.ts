import type { Logger } from '@quadrille/observability';
import { retryDelayMs } from './retry-policy.js';

export interface LoopOptions {
  readonly name: string;
  /** The pause between two steps when nobody wakes the loop. */
  readonly pauseMs: number;
  /** Answers `true` when there is more to do at once. */
  readonly step: () => Promise<unknown>;
  readonly logger: Logger;
}

const stepRetry = { attemptsMax: Infinity, firstDelayMs: 200, factor: 2, delayMaxMs: 5000 };

/** Runs a step again and again, one at a time: after each pause, or at once when woken. A failing step waits longer. */
export class Loop {
  private running: Promise<void> | undefined;
  private stopping = false;
  private woken = false;
  private failing = false;
  private endPause: () => void = () => undefined;

  constructor(private readonly options: LoopOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** The next step begins at once, or right after the running one. */
  wake(): void {
    this.woken = true;
    // News does not shorten the wait after a failure.
    if (!this.failing) this.endPause();
  }

  /** A step that takes something on asks once more when it has it. */
  get isStopping(): boolean {
    return this.stopping;
  }

  /** Resolves when the running step has ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.endPause();
    await this.running;
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      this.woken = false;
      try {
        const more = await this.options.step();
        failures = 0;
        if (more !== true && !this.woken) await this.pause(this.options.pauseMs);
      } catch (error) {
        this.options.logger.warn(
          { err: error, loop: this.options.name },
          'a background step failed and is tried again',
        );
        this.failing = true;
        await this.pause(retryDelayMs(stepRetry, ++failures));
        this.failing = false;
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
