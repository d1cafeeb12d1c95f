/** How long what lasts. All parties get the same. */
export interface Plan {
  readonly rounds: number;
  /** Under the full load. An order's CPU time still falls by a third in the first minute after a start, while the engine compiles. */
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
  /** Orders under way in the closed loop: enough to fill the rounds of a party that gathers, and no burden for one that does not. */
  readonly clients: number;
}

export const fullPlan: Plan = {
  rounds: 3,
  warmUpMs: 15_000,
  closedMs: 10_000,
  openMs: 10_000,
  rates: [50, 200],
  shares: [0.25, 0.5, 0.8],
  overload: { share: 1.2, forMs: 15_000 },
  clients: 512,
};

export const quickPlan: Plan = {
  ...fullPlan,
  rounds: 1,
  warmUpMs: 4000,
  closedMs: 4000,
  openMs: 3000,
  overload: { share: 1.2, forMs: 6000 },
};
