export interface StockLine {
  readonly sku: string;
  readonly quantity: number;
}

/** Of one SKU: available + held + committed = received, and emptyLevel of them is ever negative. */
export interface StockLevel {
  readonly received: number;
  readonly available: number;
  readonly held: number;
  readonly committed: number;
}

/** The levels a decision may need. A SKU that is missing here was never received. */
export type StockLevels = Readonly<Record<string, StockLevel>>;

export interface MissingStock {
  readonly sku: string;
  readonly requested: number;
  readonly available: number;
}

export const emptyLevel: StockLevel = { received: 0, available: 0, held: 0, committed: 0 };

export function receive(levels: StockLevels, { sku, quantity }: StockLine): StockLevels {
  const level = levels[sku] ?? emptyLevel;
  return {
    ...levels,
    [sku]: { ...level, received: level.received + quantity, available: level.available + quantity },
  };
}

type Place = 'available' | 'held' | 'committed';

/** Moves every line from one place to another. Throws rather than take what is not there. */
export function move(levels: StockLevels, lines: readonly StockLine[], from: Place, to: Place): StockLevels {
  const moved = { ...levels };
  for (const { sku, quantity } of lines) {
    const level = moved[sku] ?? emptyLevel;
    if (level[from] < quantity) throw new Error(`${quantity} of ${sku} cannot leave ${from}, which has ${level[from]}`);
    moved[sku] = { ...level, [from]: level[from] - quantity, [to]: level[to] + quantity };
  }
  return moved;
}
