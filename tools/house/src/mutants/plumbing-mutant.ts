/** A deliberate bug in the plumbing that ships, and the test on real servers that must notice it. */
export interface PlumbingMutant {
  readonly name: string;
  /** What users lose when nobody notices. */
  readonly breaks: string;
  readonly file: string;
  readonly edits: readonly Edit[];
  readonly noticedBy: Notice;
  /** What users lose is the process itself, so that a suite whose process ends has noticed it too. */
  readonly endsProcess?: true;
}

/** Text that stands exactly once in the file, and what stands there instead. */
export interface Edit {
  readonly find: string;
  readonly replace: string;
}

export interface Notice {
  readonly spec: string;
  /** The test's title or a part of it that says which it is. */
  readonly test: string;
}

/** A mutant that no longer fits the source it was written for: it proves nothing until somebody adapts it. */
export class MutantDoesNotApply extends Error {
  constructor({ name, file }: PlumbingMutant, find: string, times: number) {
    super(`"${name}" does not apply: ${file} contains ${times} times, and not once:\n${find}`);
    this.name = 'MutantDoesNotApply';
  }
}

/** The source with the bug in it. */
export function mutated(mutant: PlumbingMutant, source: string): string {
  return mutant.edits.reduce((text, { find, replace }) => {
    const parts = text.split(find);
    if (parts.length !== 2) throw new MutantDoesNotApply(mutant, find, parts.length - 1);
    return parts.join(replace);
  }, source);
}
