import { type Coverage } from './coverage.js';
import { reachable } from './reachable.js';

export interface CoverageVerdict {
  /** Reachable cells that were never visited. */
  readonly missed: readonly string[];
  /** Visited cells that were thought to be unreachable: the table of reachable cells is wrong. */
  readonly unexpected: readonly string[];
}

export function judgeCoverage(coverage: Coverage): CoverageVerdict {
  const visited = new Set(coverage.entries().map(([cell]) => cell));
  return {
    missed: [...reachable].filter((cell) => !visited.has(cell)),
    unexpected: [...visited].filter((cell) => !reachable.has(cell)),
  };
}

/** Per decider, one line per state and message, and how often they met under which circumstance. */
export function coverageTable(coverage: Coverage): string {
  const lines = new Map<string, string[]>();
  for (const [cell, count] of coverage.entries()) {
    const [service = '', situation = '', message = '', circumstance = ''] = cell.split('|');
    const row = `${service.padEnd(10)} ${situation.padEnd(22)} ${message.padEnd(22)}`;
    lines.set(row, [...(lines.get(row) ?? []), `${circumstance} ${count}`]);
  }
  return [...lines].map(([row, counts]) => `${row} ${counts.join(', ')}\n`).join('');
}
