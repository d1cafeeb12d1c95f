/** A figure over rounds: the one in the middle, and the least and the most that were seen. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('nothing has no median');
  return (low + high) / 2;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** The smallest value that is no smaller than `share` of all (nearest rank), so that it is one that was measured. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error('nothing has no percentile');
  return found;
}

/**
 * How many times ours is the other's, round by round: neighbours in time met the same machine. Rounds in which one of them
 * has no result count for nothing.
 */
export function ratiosPerRound(
  ours: readonly (number | undefined)[],
  others: readonly (number | undefined)[],
): number[] {
  return ours.flatMap((own, round) => {
    const other = others[round];
    return own === undefined || other === undefined ? [] : [own / other];
  });
}
