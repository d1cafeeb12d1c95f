import { parseArgs } from 'node:util';
import { type PartyName, partyNames } from './parties/party.js';
import { defaultSizes, type ExperimentName, experimentNames, type Sizes } from './scale/sizes.js';

export interface CommandLine {
  readonly quick: boolean;
  /** Empty: all. */
  readonly only: readonly PartyName[];
  readonly profile: boolean;
  /** One order after the other through every round, and nothing else. */
  readonly life: boolean;
  /** What is to grow, and how far. Undefined: the benchmark itself. */
  readonly scale: Sizes | undefined;
  /** Where the report goes, from the root of the repository. */
  readonly out: string;
  readonly help: boolean;
}

/** A command line that cannot be followed, in one sentence. */
export class Misunderstanding extends Error {}

const sizesShown = (['history', 'backlog', 'memory'] as const)
  .map((name) => `${name} ${defaultSizes[name].toLocaleString('en-US')}`)
  .join(', ');

export const help = `Measures the system as users run it, all guarantees on, and in the same run and on the same servers its limit and its peers.

  npm run bench                              about twelve minutes, three rounds
  npm run bench -- --quick                   about two minutes, one round
  npm run bench -- --only ours,naive         some of ${partyNames.join(', ')}
  npm run bench -- --only ours --profile     a CPU profile of each service, and which functions cost most
  npm run bench -- --life                    the rounds of an order one by one: statements and microseconds of each
  npm run bench -- --scale hot,replicas      does it hold with more of everything? some of ${experimentNames.join(', ')}, or all
  npm run bench -- --scale history=200000    the same, smaller than by default (${sizesShown}); all takes hours
  npm run bench -- --out somewhere           where the report goes: docs/benchmarks for a full run of all, .quadrille/benchmarks otherwise

It starts a PostgreSQL and a RabbitMQ of its own and leaves nothing running. Close what else works on the machine: the figures are
of the machine as it is, and the report names its load. The exit code is 1 when anything failed or a rule was broken.
`;

export function parseCommandLine(args: readonly string[]): CommandLine {
  const { quick, only, profile, life, scale, out, help } = parse(args);
  const parties = only === undefined ? [] : only.split(',').map(partyOf);
  if (profile && (parties.length !== 1 || parties[0] !== 'ours'))
    throw new Misunderstanding('--profile is of our services alone: say `--only ours --profile`.');
  const isComplete = !quick && parties.length === 0 && scale === undefined;
  return {
    quick,
    only: parties,
    profile,
    life,
    scale: scale === undefined ? undefined : sizesOf(scale),
    out: out ?? (isComplete ? 'docs/benchmarks' : '.quadrille/benchmarks'),
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        profile: { type: 'boolean', default: false },
        life: { type: 'boolean', default: false },
        scale: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new Misunderstanding(`${(error as Error).message.split('. ')[0]}. Try \`npm run bench -- --help\`.`);
  }
}

function partyOf(text: string): PartyName {
  const party = partyNames.find((known) => known === text.trim());
  if (party) return party;
  throw new Misunderstanding(`"${text}" takes no part. Known are ${partyNames.join(', ')}.`);
}

function sizesOf(text: string): Sizes {
  if (text === 'all') return defaultSizes;
  return Object.fromEntries(
    text.split(',').map((item): [ExperimentName, number] => {
      const [given = '', size] = item.trim().split('=');
      const name = experimentNames.find((known) => known === given);
      if (!name)
        throw new Misunderstanding(`"${given}" cannot be scaled. Known are ${experimentNames.join(', ')}, all.`);
      if (size !== undefined && !/^[1-9]\d{0,8}$/.test(size))
        throw new Misunderstanding(`"${size}" is no size: say for example \`${name}=${defaultSizes[name]}\`.`);
      return [name, size === undefined ? defaultSizes[name] : Number(size)];
    }),
  );
}
