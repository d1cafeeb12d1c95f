import type { LimitResult } from './parties/limit.js';
import type { PartyName, SystemName } from './parties/party.js';
import type { ClosedFigures, OpenFigures } from './turn.js';

/** One round: what each party showed, one after the other. A party that broke a rule or failed is not in it. */
export interface Round {
  readonly limit?: LimitResult;
  readonly systems: Partial<Record<SystemName, SystemRound>>;
}

export interface SystemRound {
  readonly closed: ClosedFigures;
  /** At fixed rates. */
  readonly open: readonly OpenFigures[];
}

/** Ours at parts of its own capacity, and beyond it. */
export interface LatencyPoint {
  readonly share: number;
  readonly figures: OpenFigures;
}

export interface Measurement {
  readonly rounds: readonly Round[];
  readonly latency: readonly LatencyPoint[];
  /** What has no result, and why. */
  readonly problems: readonly Problem[];
}

export interface Problem {
  readonly party: PartyName;
  readonly round: number;
  readonly what: string;
}
