import { MutantDoesNotApply, type PlumbingMutant } from './plumbing-mutant.js';
import { runSuite, type Finding, type SuitePlace } from './suite-run.js';
import type { WorkingCopy } from './working-copy.js';

export interface Verdict {
  readonly mutant: PlumbingMutant;
  readonly kind: 'dies' | 'survives' | 'unproven';
  readonly why: string;
  readonly seconds: number;
}

export interface PlumbingHunt {
  readonly mutants: readonly PlumbingMutant[];
  /** One bug at a time is planted in each. */
  readonly copies: readonly WorkingCopy[];
  readonly place: Omit<SuitePlace, 'directory'>;
  readonly tell: (verdict: Verdict) => void;
}

/**
 * Plants one bug after another in the copies and looks whether the test that is named notices it. A test counts only when
 * it passes on the sound code, run in the same way.
 */
export async function huntPlumbing({ mutants, copies, place, tell }: PlumbingHunt): Promise<void> {
  const waiting = [...mutants];
  const sound = new Map<string, Promise<Finding>>();
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) tell(await judge(mutant, copy));
    }),
  );

  async function judge(mutant: PlumbingMutant, copy: WorkingCopy): Promise<Verdict> {
    const startedAt = performance.now();
    const { spec, test } = mutant.noticedBy;
    const run = () => runSuite({ spec, test }, { ...place, directory: copy.directory });
    const before = sound.get(`${spec} ${test}`) ?? run();
    sound.set(`${spec} ${test}`, before);
    const { kind, why } = await judgement(mutant, await before, async () => {
      try {
        copy.plant(mutant);
        return await run();
      } catch (error) {
        if (error instanceof MutantDoesNotApply) return { kind: 'nothing', why: error.message };
        throw error;
      } finally {
        copy.heal(mutant);
      }
    });
    return { mutant, kind, why, seconds: (performance.now() - startedAt) / 1000 };
  }
}

async function judgement(
  { endsProcess }: PlumbingMutant,
  sound: Finding,
  withBug: () => Promise<Finding>,
): Promise<Pick<Verdict, 'kind' | 'why'>> {
  if (sound.kind !== 'passed') return { kind: 'unproven', why: `its test fails without it: ${sound.why}` };
  const finding = await withBug();
  switch (finding.kind) {
    case 'failed':
      return { kind: 'dies', why: finding.why };
    case 'passed':
      return { kind: 'survives', why: 'its test passes' };
    case 'crashed':
      return { kind: endsProcess ? 'dies' : 'unproven', why: finding.why };
    case 'nothing':
      return { kind: 'unproven', why: finding.why };
  }
}
