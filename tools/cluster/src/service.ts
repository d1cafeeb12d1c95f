import type { Part } from './part.js';
import type { ProcessName } from './service-environment.js';

export interface Replica {
  readonly url: string;
  readonly logFile: string;
  readonly part: Part;
}

/** One service with all its replicas; what is done to it is done to each. */
export class Service {
  constructor(
    readonly name: ProcessName,
    readonly replicas: readonly Replica[],
  ) {}

  /** Of the first replica. */
  get url(): string {
    const [first] = this.replicas;
    if (first) return first.url;
    throw new Error(`${this.name} has no replicas.`);
  }

  async start(): Promise<void> {
    await this.each((part) => part.start());
  }

  async stop(): Promise<void> {
    await this.each((part) => part.stop());
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.each((part) => part.kill(signal));
  }

  freeze(): void {
    for (const { part } of this.replicas) part.freeze();
  }

  thaw(): void {
    for (const { part } of this.replicas) part.thaw();
  }

  private async each(act: (part: Part) => Promise<void>): Promise<void> {
    await Promise.all(this.replicas.map(({ part }) => act(part)));
  }
}
