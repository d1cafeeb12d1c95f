import type { SystemName } from './parties/party.js';

/** How long what lasts, which is the same for all parties, and how much is under way. */
export interface Plan {
  readonly rounds: number;
  /** Whether messages and bytes are counted as well: the servers' own statistics are late, so that each party waits for them for eleven seconds. */
  readonly countsTraffic: boolean;
  /** Under the full load: a service has to be asked for so long until its engine has compiled what it does. Ours are first, the peers last. */
  readonly warmUpMs: number;
  readonly closedMs: number;
  /** At each fixed rate. */
  readonly openMs: number;
  /** Rates that every party is asked for, if its capacity allows it. */
  readonly rates: readonly number[];
  /** Parts of own capacity. */
  readonly shares: readonly number[];
  /** More than own capacity, for so long. */
  readonly overload: { readonly share: number; readonly forMs: number };
  /**
   * Orders under way in the closed loop, as many as each does best with: those that gather fill their rounds, and those that do not
   * are not burdened with more than keeps them busy.
   */
  readonly clients: Readonly<Record<SystemName, number>>;
}

export const fullPlan: Plan = {
  rounds: 3,
  countsTraffic: true,
  warmUpMs: 20_000,
  closedMs: 8000,
  openMs: 8000,
  rates: [50, 200],
  shares: [0.25, 0.5, 0.8],
  overload: { share: 1.2, forMs: 12_000 },
  clients: { ours: 512, naive: 128, polling: 128, 'polling-tuned': 128 },
};

export const quickPlan: Plan = {
  ...fullPlan,
  rounds: 1,
  countsTraffic: false,
  warmUpMs: 4000,
  closedMs: 3000,
  openMs: 2000,
  shares: [0.5],
  overload: { share: 1.2, forMs: 4000 },
};
