import { setTimeout as delay } from 'node:timers/promises';

/** A server or one replica of a service, while it runs. */
export interface RunningPart {
  readonly pid: number;
  /** Resolves when it has ended, whoever ended it. */
  readonly exited: Promise<unknown>;
  stop(): Promise<unknown>;
  /** After SIGKILL, resolves when it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface PartOptions {
  readonly name: string;
  /** Starts it and resolves when it is ready. */
  readonly launch: () => Promise<RunningPart>;
  /** Given when a part that ends by itself is to be started again; told so each time. */
  readonly supervisor?: ((notice: string) => void) | undefined;
}

const firstWaitMs = 500;
const longestWaitMs = 30_000;
/** After so long a life the next end counts as the first. */
const healthyLifeMs = 60_000;

/** A server or one replica of a service: it can be stopped, killed, frozen and started again, and keeps its place and name. */
export class Part {
  readonly name: string;
  private running: RunningPart | undefined;
  private wanted = false;
  private launching: Promise<void> | undefined;
  private comingBack: Promise<void> | undefined;
  private waiting = new AbortController();
  private failures = 0;

  constructor(private readonly options: PartOptions) {
    this.name = options.name;
  }

  get pid(): number | undefined {
    return this.running?.pid;
  }

  /** Starts it, if it does not run, and resolves when it is ready. */
  async start(): Promise<void> {
    this.wanted = true;
    await this.comingBack;
    if (!this.running) await this.launch();
  }

  /** Asks it to end in good order and resolves when it is gone. */
  async stop(): Promise<void> {
    this.wanted = false;
    this.waiting.abort();
    this.waiting = new AbortController();
    await this.comingBack;
    await this.launching?.catch(() => undefined); // Reported to whoever started it.
    await this.running?.stop();
  }

  /** Without a supervisor it stays away until `start`. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.running?.kill(signal);
  }

  freeze(): void {
    this.running?.freeze();
  }

  thaw(): void {
    this.running?.thaw();
  }

  private launch(): Promise<void> {
    this.launching ??= this.launchOnce().finally(() => (this.launching = undefined));
    return this.launching;
  }

  private async launchOnce(): Promise<void> {
    const running = await this.options.launch();
    const startedAt = Date.now();
    this.running = running;
    void running.exited.then(() => {
      if (Date.now() - startedAt > healthyLifeMs) this.failures = 0;
      this.running = undefined;
      if (this.wanted && this.options.supervisor) this.comeBack(this.options.supervisor);
    });
  }

  private comeBack(supervisor: (notice: string) => void): void {
    this.comingBack = this.tryAgain(supervisor).finally(() => (this.comingBack = undefined));
  }

  private async tryAgain(supervisor: (notice: string) => void): Promise<void> {
    while (this.wanted) {
      const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** this.failures++);
      supervisor(`${this.name} ended by itself and is started again in ${waitMs / 1000} s`);
      await delay(waitMs, undefined, { signal: this.waiting.signal }).catch(() => undefined); // Aborted by `stop`.
      if (!this.wanted) return;
      try {
        await this.launch();
        supervisor(`${this.name} is back`);
        return;
      } catch (error) {
        supervisor((error as Error).message);
      }
    }
  }
}
