import { parseArgs } from 'node:util';
import { allFaultKinds, definitionOf, type FaultKind } from './fault-kinds.js';

export interface CommandLine {
  readonly orders: number;
  readonly minutes: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly json: boolean;
  readonly help: boolean;
}

/** A command line that cannot be followed, in one sentence. */
export class Misunderstanding extends Error {}

export const help = `Runs the real system with two replicas of each service, breaks it by a seeded schedule while orders are placed,
lets it settle, and checks every rule over databases, broker, provider and the clients' own list.

  npm run chaos -- [--orders 5000] [--minutes 5] [--seed 7] [--faults broker-killed,garbage] [--json]

  --orders   how many orders are placed
  --minutes  for how long things break; it takes a minute or two more to start and to settle
  --seed     which schedule; the same seed plans the same faults
  --faults   what may break, separated by commas; all by default
  --json     the report as JSON on standard output, and what is going on on standard error

Faults:
${allFaultKinds.map((kind) => `  ${kind.padEnd(23)}${definitionOf(kind).meaning}`).join('\n')}

Kinds of fault that met no work in flight happen up to three times more when the schedule is through.

The exit code is 1 when a rule is broken, when a planned kind of fault met no work in flight, or when fewer than 30 % of the orders
were confirmed; 2 when the command line is not understood.
`;

export function parseCommandLine(args: readonly string[]): CommandLine {
  const { orders, minutes, seed, faults, json, help } = parse(args);
  return {
    orders: numberOf('--orders', orders, { least: 50, whole: true }),
    minutes: numberOf('--minutes', minutes, { least: 0.5, whole: false }),
    seed: numberOf('--seed', seed, { least: 0, whole: true }),
    kinds: faults === undefined ? allFaultKinds : faults.split(',').map(kindOf),
    json,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        orders: { type: 'string', default: '5000' },
        minutes: { type: 'string', default: '5' },
        seed: { type: 'string', default: '7' },
        faults: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new Misunderstanding(`${(error as Error).message.split('. ')[0]}. Try \`npm run chaos -- --help\`.`);
  }
}

function numberOf(option: string, text: string, { least, whole }: { least: number; whole: boolean }): number {
  const number = Number(text);
  if (text !== '' && number >= least && number < 2 ** 32 && (!whole || Number.isInteger(number))) return number;
  throw new Misunderstanding(`${option} must be a ${whole ? 'whole ' : ''}number of at least ${least}, not "${text}".`);
}

function kindOf(text: string): FaultKind {
  const kind = allFaultKinds.find((known) => known === text.trim());
  if (kind) return kind;
  throw new Misunderstanding(`"${text}" is no fault. Known are ${allFaultKinds.join(', ')}.`);
}
