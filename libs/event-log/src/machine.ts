import { cpus } from 'node:os';

/** What the processors have done since the machine began, in milliseconds of all of them together. */
export interface ProcessorTimes {
  readonly idle: number;
  readonly busy: number;
}

/** Below this share of idle time somebody always waits for a processor. */
const spareShare = 0.1;
/** So far apart are two looks: longer than a rest, so that it does not mistake one for idleness. */
const lookMs = 1000;

/**
 * Whether the processors of this machine had nothing to spare of late, whoever keeps them busy. In a container this is the node
 * that it runs on; a limit of its own makes its rounds longer, and its rests with them.
 */
export class Machine {
  private before: ProcessorTimes;
  private lookedAtMs: number;
  private full = false;

  constructor(
    private readonly times: () => ProcessorTimes = processorTimes,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.before = times();
    this.lookedAtMs = nowMs();
  }

  /** Of the time between the last two looks; looks again when it is asked a second later. */
  get isFull(): boolean {
    const nowMs = this.nowMs();
    if (nowMs - this.lookedAtMs < lookMs) return this.full;
    const { idle, busy } = this.times();
    const [idleSince, busySince] = [idle - this.before.idle, busy - this.before.busy];
    this.full = idleSince < spareShare * (idleSince + busySince);
    this.before = { idle, busy };
    this.lookedAtMs = nowMs;
    return this.full;
  }
}

export function processorTimes(): ProcessorTimes {
  const all = cpus().map(({ times }) => times);
  return {
    idle: all.reduce((sum, { idle }) => sum + idle, 0),
    busy: all.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0),
  };
}
