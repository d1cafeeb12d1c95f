import { parseArgs } from 'node:util';
import { breakingChanges } from './contract-changes.js';
import { currentContracts, release, releasedContracts } from './released.js';

const help = `npm run contracts:check -- [--release] [--reworded <type>]...

Compares today's event schemas with the last released ones (libs/contracts/released) and refuses what would break a reader
or a stored event.

  --release           write today's schemas as released, when nothing breaks
  --reworded <type>   the summary of this type was worded anew, and means what it meant
  --help
`;

function main(): number {
  const { values } = parseArgs({
    options: {
      release: { type: 'boolean', default: false },
      reworded: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const now = currentContracts();
  const before = releasedContracts().map((old) => {
    const next = now.find(({ type }) => type === old.type);
    return next && values.reworded.includes(old.type) ? { ...old, summary: next.summary } : old;
  });
  const changes = breakingChanges(before, now);
  for (const { type, path, why, instead } of changes)
    process.stderr.write(`${type} ${path}\n  why not: ${why}\n  instead: ${instead}\n`);
  if (changes.length > 0) {
    process.stderr.write(`${changes.length} change(s) would break a reader or a stored event.\n`);
    return 1;
  }
  if (values.release) release(now);
  process.stdout.write(`${now.length} contracts checked against ${before.length} released ones: nothing breaks.\n`);
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`contracts:check: ${(error as Error).message}\n\n${help}`);
  process.exitCode = 2;
}
