export interface StockLine {
  readonly sku: string;
  readonly quantity: number;
}

/** Of one SKU: available + held + committed = received, and none of them is ever negative. */
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
