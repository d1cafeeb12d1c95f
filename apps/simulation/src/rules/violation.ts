/** A rule of domain.md that did not hold, and about which orders or SKUs. */
export class Violation extends Error {
  constructor(
    readonly rule: string,
    message: string,
    readonly about: readonly string[] = [],
  ) {
    super(`${rule}: ${message}`);
    this.name = 'Violation';
  }
}

export type Must = (holds: boolean, otherwise: string) => void;

export function mustOf(rule: string, ...about: readonly string[]): Must {
  return (holds, otherwise) => {
    if (!holds) throw new Violation(rule, otherwise, about);
  };
}
