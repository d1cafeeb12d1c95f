import type { ServiceName } from '@quadrille/contracts';

/** How often each decider met each message, in each state and under each circumstance. */
export class Coverage {
  private readonly cells = new Map<string, number>();

  visit(service: ServiceName, situation: string, message: string, circumstance: string): void {
    const cell = `${service}|${situation}|${message}|${circumstance}`;
    this.cells.set(cell, (this.cells.get(cell) ?? 0) + 1);
  }

  add(other: Coverage): void {
    for (const [cell, count] of other.cells) this.cells.set(cell, (this.cells.get(cell) ?? 0) + count);
  }

  visits(service: ServiceName, situation: string, message: string, circumstance: string): number {
    return this.cells.get(`${service}|${situation}|${message}|${circumstance}`) ?? 0;
  }

  entries(): [cell: string, count: number][] {
    return [...this.cells].sort(([one], [other]) => (one < other ? -1 : 1));
  }
}
