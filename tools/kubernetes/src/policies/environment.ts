import type { Policy } from '../resource.js';
import { environmentOf, isOurs, serviceOf, workloadsOf, type SecretValue } from '../workload.js';

/** How a program reads its variables: their names, and what throws a sentence for a missing or wrong value. */
export interface Program {
  readonly variables: readonly string[];
  readonly read: (environment: Readonly<Record<string, string>>) => unknown;
}

/** Programs by the name of their image. */
export type Programs = Readonly<Record<string, Program>>;

/** Every program knows all its variables and accepts them. */
export const isUnderstood =
  (programs: Programs, secretValue: SecretValue): Policy =>
  (resources) =>
    workloadsOf(resources)
      .filter(isOurs)
      .flatMap((workload) => {
        const program = programs[serviceOf(workload)];
        if (!program) return [`${workload.name} is no program that is known.`];
        const environment = environmentOf(workload, secretValue);
        const text = (workload.container.env ?? []).map(({ value }) => value ?? '').join(' ');
        const isPartOfAnother = (name: string) => text.includes(`$(${name})`);
        return [
          ...Object.keys(environment)
            .filter((name) => !program.variables.includes(name) && !isPartOfAnother(name))
            .map((name) => `${workload.name} has ${name}, which nobody reads.`),
          ...Object.entries(environment)
            .filter(([, value]) => value.includes('$('))
            .map(([name]) => `${workload.name} has ${name} before a variable that it is made of.`),
          ...refusal(program, environment).map((words) => `${workload.name}: ${words}`),
        ];
      });

function refusal(program: Program, environment: Readonly<Record<string, string>>): string[] {
  try {
    program.read(environment);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
