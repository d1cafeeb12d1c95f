import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { help, Misunderstanding, parseCommandLine } from './command-line.js';
import { type ChaosReport, textOf, violationsShownMax } from './report.js';
import { Interrupted, runChaos } from './run.js';

const reports = fileURLToPath(new URL('../../../../.quadrille/logs/', import.meta.url));

// `npm run chaos`. Clients may still wait for answers, and nobody needs them any more.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  try {
    const { help: wantsHelp, json, ...options } = parseCommandLine(args);
    if (wantsHelp) {
      process.stdout.write(help);
      return 0;
    }
    const narration = json ? process.stderr : process.stdout;
    const report = await runChaos({
      ...options,
      say: (line) => narration.write(`${line}\n`),
      stopped: stopRequest(),
    });
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : `${shortTextOf(report)}\n`);
    return report.passed ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    if (!(error instanceof Misunderstanding)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

/** What would fill the screen goes into a file as a whole. */
function shortTextOf(report: ChaosReport): string {
  if (report.violations.length <= violationsShownMax) return textOf(report);
  const file = join(reports, `chaos-${report.seed}-${Date.now()}.txt`);
  mkdirSync(reports, { recursive: true });
  writeFileSync(file, `${textOf(report)}\n`);
  return textOf(report, { restIsIn: file });
}

/** Ctrl-C ends the faults and cleans up; a second one ends everything as it is. */
function stopRequest(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort()));
  return stop.signal;
}
