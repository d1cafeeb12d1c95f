import { parseArgs } from 'node:util';
import { equivalentMutants } from './equivalent.js';
import { generatedMutants } from './generated-mutants.js';
import { hunt } from './hunt.js';
import { namedMutants } from './named-mutants.js';

const help = `Plants one bug after another in the deciders and in the modelled plumbing, and looks whether the simulation notices.
Part of \`npm run mutants\`.

  --seeds  how many runs of 20 orders a mutant must survive to be called a survivor
  --only   hunts only mutants whose name contains the text
  --list   says what there is

Exits with 1 when a mutant survives that mutation/equivalent.ts does not explain, or when one dies that is explained there.
`;

process.exitCode = main();

function main(): number {
  const { seeds, only, list, help: asked } = options();
  if (asked) return say(help, 0);
  if (!/^[1-9]\d*$/.test(seeds)) return say(`--seeds must be a whole number of at least 1, not "${seeds}".\n`, 2);
  const hunted = [...namedMutants, ...generatedMutants()].filter(({ name }) => name.includes(only));
  if (list) return say(hunted.map((mutant) => `${whereOf(mutant)}${mutant.name}\n`).join(''), 0);
  let wrong = 0;
  for (const mutant of hunted) {
    const where = whereOf(mutant);
    const reason = equivalentMutants[mutant.name];
    const kill = hunt(mutant, Number(seeds));
    if (kill) say(`dies at seed ${String(kill.seed).padStart(4)}  ${where}${mutant.name}\n`, 0);
    else say(`${reason ? 'equivalent' : 'SURVIVES'}         ${where}${mutant.name}${reason ? `: ${reason}` : ''}\n`, 0);
    if (kill && reason) say('                   but it is called equivalent\n', 0);
    if ((kill === null) !== (reason !== undefined)) wrong++;
  }
  return say(`${hunted.length} mutants, ${wrong} not as they should be.\n`, wrong > 0 ? 1 : 0);
}

function whereOf(mutant: object): string {
  return 'where' in mutant ? `${String(mutant.where)} ` : '';
}

function options(): { seeds: string; only: string; list: boolean; help: boolean } {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string', default: '2000' },
        only: { type: 'string', default: '' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n${help}`, 2);
    process.exit(2);
  }
}

function say(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}
