import { installDependencies, nx, requireNode, StepFailed } from './bootstrap.mjs';
import { Progress } from './progress.mjs';
import { help, parseOptions } from './start-options.mjs';
import { settledOptions } from './settled-options.mjs';

// `npm start`. Nothing but Node's own modules until the packages are installed; the system itself is tools/cluster.
const options = settledOptions(parseOptions(process.argv.slice(2)), help);

const progress = new Progress();
try {
  requireNode();
  await installDependencies(progress);
  await progress.step('build', () => nx(['run', '@quadrille/cluster:build'], 'build'));
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(`\n${error.message}`);
  process.exit(1);
}
const { start } = await import('./cluster/dist/start.js');
process.exit(await start(options, progress));
