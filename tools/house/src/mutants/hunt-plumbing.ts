import type { Notice, PlumbingMutant } from './plumbing-mutant.js';
import { runSuite, type Finding, type SuitePlace } from './suite-run.js';
import type { WorkingCopy } from './working-copy.js';

export interface Verdict {
  readonly mutant: PlumbingMutant;
  readonly kind: 'dies' | 'survives' | 'unproven';
  readonly why: string;
  readonly seconds: number;
}

/**
 * Plants one bug after another in the copy and looks whether the test that is named notices it. A test counts only when it
 * passes on the sound code, run in the same way.
 */
export async function* huntPlumbing(
  mutants: readonly PlumbingMutant[],
  copy: WorkingCopy,
  place: Omit<SuitePlace, 'directory'>,
): AsyncGenerator<Verdict> {
  const sound = new Map<string, Finding>();
  const run = (notice: Notice) => runSuite(notice, { ...place, directory: copy.directory });
  for (const mutant of mutants) {
    const startedAt = performance.now();
    const { noticedBy } = mutant;
    const key = `${noticedBy.spec} ${noticedBy.test}`;
    const before = sound.get(key) ?? (await run(noticedBy));
    sound.set(key, before);
    let verdict: Pick<Verdict, 'kind' | 'why'>;
    if (before.kind !== 'passed') verdict = { kind: 'unproven', why: `its test fails without it: ${before.why}` };
    else {
      copy.plant(mutant);
      verdict = verdictOf(await run(noticedBy), mutant);
      copy.heal(mutant);
    }
    yield { mutant, ...verdict, seconds: (performance.now() - startedAt) / 1000 };
  }
}

function verdictOf(finding: Finding, { noticedBy }: PlumbingMutant): Pick<Verdict, 'kind' | 'why'> {
  switch (finding.kind) {
    case 'failed':
      return { kind: 'dies', why: finding.why };
    case 'passed':
      return { kind: 'survives', why: `"${noticedBy.test}" does not notice it (${noticedBy.spec})` };
    case 'nothing':
      return { kind: 'unproven', why: finding.why };
  }
}
