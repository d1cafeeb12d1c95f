import { runCommand, say, UsageError } from './command-line/ends.js';
import { helpOf, parse } from './command-line/options.js';
import { subcommands } from './dead-letters/commands.js';

const overview = [
  'npm run dead-letters -- <command> [options]',
  '',
  ...Object.values(subcommands).map(
    ({ usage }) => `  ${usage.line.replace('dead-letters -- ', '')}\n      ${usage.summary}`,
  ),
  '',
  'Each command explains itself with --help. For a pipe: npm run --silent dead-letters -- list --json | jq.',
].join('\n');

await runCommand('dead-letters', async ([name, ...args]) => {
  if (name === '--help' || name === '-h' || name === 'help') {
    say(overview);
    return 0;
  }
  const command = subcommands[name ?? ''];
  if (!command) {
    const names = Object.keys(subcommands).join(', ');
    throw new UsageError(name === undefined ? `Say one of ${names}.` : `There is no ${name}; there are ${names}.`);
  }
  const given = parse(command.usage, args);
  if (!given.has('help')) return command.run(given);
  say(helpOf(command.usage));
  return 0;
});
