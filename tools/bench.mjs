import { loadavg } from 'node:os';
import { installDependencies, nx, requireNode, StepFailed } from './bootstrap.mjs';
import { Progress } from './progress.mjs';

// `npm run bench`: installs and builds what users run, then measures it. The options are tools/benchmark's.
const progress = new Progress();
// Before the build, which would be taken for something else that runs.
const [loadBefore] = loadavg();
try {
  requireNode();
  await installDependencies(progress);
  await progress.step('build', () => nx(['run', '@quadrille/benchmark:build'], 'build-benchmark'));
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(`\n${error.message}`);
  process.exit(1);
}
const { bench } = await import('./benchmark/dist/main.js');
process.exit(await bench(process.argv.slice(2), progress, loadBefore));
