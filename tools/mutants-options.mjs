import { parseArgs } from 'node:util';

export const mutantsHelp = `npm run mutants                    plants one bug after another, and looks whether anybody notices
npm run mutants -- --only inbox    only bugs whose name contains the text
npm run mutants -- --seeds 5000    how many runs of 20 orders a bug in a decider must survive to be called a survivor (2000)
npm run mutants -- --list          says what there is
npm run mutants -- --help          says this

Bugs in the deciders and in the modelled plumbing must die in the simulation; bugs in the plumbing that ships, planted in a
copy of the sources, must die in the suites of the libraries and services, on throw-away servers. Exits with 1 when one
survives, when one no longer applies to its source, and when a test that should notice one fails without it.

The three QUADRILLE_TEST_ variables of \`npm test\` name servers to use instead.
`;

/** The options of \`npm run mutants\`, or one sentence on what is wrong with them. */
export function parseMutantsOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: 'string', default: '' },
        seeds: { type: 'string', default: '2000' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (/^[1-9]\d*$/.test(values.seeds)) return values;
    return { problem: `--seeds must be a whole number of at least 1, not "${values.seeds}".` };
  } catch (error) {
    return { problem: `${error.message.split('. ')[0]}. Try \`npm run mutants -- --help\`.` };
  }
}
