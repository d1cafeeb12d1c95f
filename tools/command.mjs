import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installDependencies, nx, requireNode, root, StepFailed } from './bootstrap.mjs';
import { Progress } from './progress.mjs';

// `node tools/command.mjs simulation apps/simulation/dist/main.js --seeds 10`: a program of one of the projects, on a fresh clone
// too. What it takes to get there is told on standard error, because what a command answers may be read by another program.
const [project, program, ...args] = process.argv.slice(2);
const progress = new Progress(process.stderr);
try {
  requireNode();
  await installDependencies(progress);
  await quietly('build', () => nx(['run', `${project}:build`, '--output-style=static'], `build-${project}`));
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exit(1);
}

const child = spawn(process.execPath, [join(root, program), ...args], { stdio: 'inherit' });
// Ctrl-C reaches the program too, for it is of the same group; what is sent to this process alone is passed on.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));

/** A step that is told only when it takes so long that somebody would wonder. */
async function quietly(title, work) {
  const working = work();
  let wondering;
  const long = new Promise((resolve) => (wondering = setTimeout(resolve, 3000, 'long')));
  if ((await Promise.race([working, long])) === 'long') await progress.step(title, () => working);
  clearTimeout(wondering);
}
