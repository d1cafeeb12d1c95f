import type { OnDocker } from '@quadrille/kubernetes';
import { z } from 'zod';
import type { Engine } from '../compose/engine.js';

const figures = z.object({ Name: z.string(), CPUPerc: z.string(), MemUsage: z.string() });

export interface PodUsage {
  readonly name: string;
  /** What the kernel cannot take back, as a kubelet counts it; the most that was seen. */
  readonly memoryMaxMiB: number;
  readonly memoryLimitMiB: number;
  /** Of one core, on average while there was load. */
  readonly cores: number;
}

interface Sample {
  readonly name: string;
  readonly memoryMiB: number;
  readonly cores: number;
  readonly underLoad: boolean;
}

/** Looks at every pod again and again until it is told to stop. */
export class Usage {
  private readonly samples: Sample[] = [];
  private stopped = false;
  private underLoad = false;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly plan: OnDocker,
    private readonly engine: Engine,
  ) {}

  start(): void {
    this.looking = this.look();
  }

  /** The CPU is counted while this work is done. */
  async during(work: () => Promise<void>): Promise<void> {
    this.underLoad = true;
    await work();
    this.underLoad = false;
  }

  async stop(): Promise<PodUsage[]> {
    this.stopped = true;
    await this.looking;
    return this.plan.pods.map(({ name, limits }) => {
      const own = this.samples.filter((sample) => sample.name === name);
      const cores = own.filter(({ underLoad }) => underLoad).map((sample) => sample.cores);
      return {
        name,
        memoryMaxMiB: Math.max(0, ...own.map(({ memoryMiB }) => memoryMiB)),
        memoryLimitMiB: limits.mem_limit / 2 ** 20,
        cores: cores.reduce((sum, one) => sum + one, 0) / Math.max(1, cores.length),
      };
    });
  }

  private async look(): Promise<void> {
    while (!this.stopped) {
      const loadedBefore = this.underLoad;
      const said = await this.engine.run(['docker', 'stats', '--no-stream', '--format', '{{json .}}']);
      const underLoad = loadedBefore && this.underLoad;
      for (const line of said.split('\n').filter(Boolean)) {
        const { Name, CPUPerc, MemUsage } = figures.parse(JSON.parse(line));
        const pod = this.plan.pods.find(({ name }) => Name === `${this.plan.composeFile.name}-${name}-1`);
        if (!pod) continue;
        const cores = Number.parseFloat(CPUPerc) / 100;
        this.samples.push({ name: pod.name, memoryMiB: mebibytes(MemUsage), cores, underLoad });
      }
    }
  }
}

function mebibytes(usage: string): number {
  const [, number, unit] = /^([\d.]+)([KMG]?i?B)/.exec(usage) ?? [];
  const factors: Readonly<Record<string, number>> = { B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 2 ** 10 };
  return Number(number ?? 0) * (factors[unit ?? ''] ?? 0);
}
