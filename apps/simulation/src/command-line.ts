import { parseArgs } from 'node:util';
import { allFaults, faults, type Fault } from './faults.js';

export interface CommandLine {
  readonly seeds: number;
  /** Replays one run instead of many. */
  readonly seed: number | null;
  readonly orders: number;
  readonly faults: ReadonlySet<Fault>;
  readonly history: boolean;
  readonly help: boolean;
}

/** A command line that cannot be followed, in one sentence. */
export class Misunderstanding extends Error {}

export const help = `Runs all choreographies in one process under a seeded adversary, and checks the rules of the domain with every step.

  npm run simulate -- [--seeds 1000] [--orders 20] [--faults crash,reorder]
  npm run simulate -- --seed 7 [--orders 20] [--faults ...] [--history]

  --seeds    how many runs, each with its own seed: 1, 2, 3 ...
  --seed     one run again, exactly
  --orders   how many orders are placed in each run
  --faults   what may go wrong, separated by commas; "all" (the default) or "none"
  --history  prints every step of the one run

Faults:
${allFaults.map((fault) => `  ${fault.padEnd(15)}${faults[fault].meaning}`).join('\n')}

The exit code is 0 when every rule held and, in a run of at least ${'`'}--seeds 10000 --orders 20${'`'} with all faults, every reachable
cell of the coverage table was visited; 1 otherwise; 2 when the command line is not understood.
`;

export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parse(args);
  return {
    seeds: wholeNumber('--seeds', values.seeds, 1_000, 1),
    seed: values.seed === undefined ? null : wholeNumber('--seed', values.seed, 0, 0),
    orders: wholeNumber('--orders', values.orders, 20, 1),
    faults: faultsOf(values.faults),
    history: values.history,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        orders: { type: 'string' },
        faults: { type: 'string' },
        history: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new Misunderstanding(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > 0xffff_ffff)
    throw new Misunderstanding(`${name} must be a whole number of at least ${least}, not "${text}".`);
  return number;
}

function faultsOf(text: string | undefined): ReadonlySet<Fault> {
  if (text === undefined || text === 'all') return new Set(allFaults);
  if (text === 'none') return new Set();
  return new Set(
    text.split(',').map((name) => {
      const fault = allFaults.find((known) => known === name.trim());
      if (!fault)
        throw new Misunderstanding(`--faults: there is no fault "${name}"; there are ${allFaults.join(', ')}.`);
      return fault;
    }),
  );
}
