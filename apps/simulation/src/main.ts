import { Coverage } from './coverage.js';
import { coverageTable, judgeCoverage } from './coverage-table.js';
import { help, Misunderstanding, parseCommandLine, type CommandLine } from './command-line.js';
import { allFaults } from './faults.js';
import { Progress } from './progress.js';
import { failureOf, shrink, type Failure } from './shrink.js';
import { simulate, type Setting } from './world.js';

/** Fewer orders than this say nothing about a cell that was not visited. */
const ordersToJudgeCoverage = 200_000;

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  try {
    const commandLine = parseCommandLine(args);
    if (commandLine.help) return say(help, 0);
    return commandLine.seed === null ? runMany(commandLine) : runAgain({ ...commandLine, seed: commandLine.seed });
  } catch (error) {
    if (error instanceof Misunderstanding) return say(`${error.message}\nSee npm run simulate -- --help\n`, 2);
    throw error;
  }
}

function runMany({ seeds, orders, faults }: CommandLine): number {
  const coverage = new Coverage();
  const progress = new Progress(seeds, orders);
  let steps = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const run = simulate({ seed, orders, faults });
    steps += run.steps;
    coverage.add(run.coverage);
    if (run.violation) {
      say(`\nSeed ${seed}: ${run.violation.message}\n\nLooking for the smallest world in which this happens ...\n`);
      return report({ seed, orders, faults }, shrink({ seed, orders, faults }, run.violation));
    }
    progress.tell(seed);
  }
  say(
    `${coverageTable(coverage)}\n${progress.summary(seeds)}, ${steps} steps; every rule held after every one of them.\n`,
  );
  const enough = seeds * orders >= ordersToJudgeCoverage && faults.size === allFaults.length;
  const { missed, unexpected } = judgeCoverage(coverage);
  for (const cell of unexpected) say(`Visited, but declared unreachable: ${cell}\n`);
  if (!enough) return say('Too few orders or faults to judge what was not visited.\n', unexpected.length > 0 ? 1 : 0);
  for (const cell of missed) say(`Reachable, and never visited: ${cell}\n`);
  return unexpected.length + missed.length > 0 ? 1 : 0;
}

function runAgain({ seed, orders, faults, history }: CommandLine & { readonly seed: number }): number {
  const setting = { seed, orders, faults };
  const run = simulate({ ...setting, record: true });
  if (history) say(`${run.history.linesAbout([]).join('\n')}\n`);
  if (run.violation) return report(setting, failureOf(setting));
  return say(`Seed ${seed}: ${orders} orders, ${run.steps} steps, every rule held. History ${run.hash}.\n`);
}

function report(found: Setting, { setting, violation, lines }: Failure): number {
  say(`\n${lines.join('\n')}\n\nSeed ${setting.seed}: ${violation.message}\n\nReplay it with\n`);
  for (const { seed, orders, faults } of new Set([setting, found])) {
    const list = faults.size === allFaults.length ? 'all' : [...faults].join(',') || 'none';
    say(`  npm run simulate -- --seed ${seed} --orders ${orders} --faults ${list}\n`);
  }
  return 1;
}

function say(text: string, code = 0): number {
  process.stdout.write(text);
  return code;
}
