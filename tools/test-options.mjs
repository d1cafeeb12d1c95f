import { parseArgs } from 'node:util';

export const testHelp = `npm test                   runs every check and every suite, with throw-away servers of its own
npm test -- order cluster  the same for some projects alone
npm test -- --help         says this

A single suite: npx nx test order

QUADRILLE_TEST_POSTGRES_URL, QUADRILLE_TEST_AMQP_URL and QUADRILLE_TEST_BROKER_ADMIN_URL, all three, name servers to use
instead: an administrator of each, and the root of RabbitMQ's management API.
`;

/** The options of `npm test`, or one sentence on what is wrong with them. */
export function parseTestOptions(args, known) {
  try {
    const options = { help: { type: 'boolean', short: 'h', default: false } };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length === 0) return { help: values.help, projects: positionals };
    return { problem: `There is no project ${unknown.join(', ')}; there are ${known.join(', ')}.` };
  } catch (error) {
    return { problem: `${error.message.split('. ')[0]}. Try \`npm test -- --help\`.` };
  }
}
