import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endCommands, installDependencies, nx, plainly, requireNode, root, run, StepFailed } from './bootstrap.mjs';
import { Progress } from './progress.mjs';
import { runSuites } from './suites.mjs';
import { parseTestOptions, testHelp } from './test-options.mjs';
import { TestServers } from './test-servers.mjs';
import { settledOptions } from './settled-options.mjs';

// `npm test`: installs, starts throw-away servers of its own, runs every check and every suite, and ends with one line.
const everything = projectsWithSuites();
const options = settledOptions(parseTestOptions(process.argv.slice(2), [...everything.keys()]), testHelp);
const projects = options.projects.length > 0 ? options.projects : [...everything.keys()];
const progress = new Progress();
const servers = new TestServers();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    endCommands();
    void servers.end().finally(() => process.exit(130));
  });

const counts = { passed: 0, failed: 0 };
try {
  requireNode();
  await installDependencies(progress);
  await servers.build(progress);
  const starting = servers.start(progress);
  starting.catch(() => undefined); // Reported below, where it is awaited.
  await check('build', () =>
    nx(['run-many', '-t', 'build,declarations,test-parts', '-p', projects.join(','), ...plainly], 'build'),
  );
  await Promise.all([check('lint', lint), check('format', format).then(() => check('typecheck', typecheck))]);
  const { passed, failed } = await runSuites({ projects, environment: await starting, progress });
  counts.passed += passed;
  counts.failed += failed;
} catch (error) {
  report(error);
} finally {
  await servers.end();
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

// Nx would check the types of each project and lint it in a process of its own, and each would read the libraries below anew:
// one process for all of them takes a small part of the time. The build has just renewed the project graph that lint asks.
function lint() {
  return run(tool('eslint'), [...directories(), '--max-warnings', '0'], 'lint', { env: { LINT_EVERYTHING: '1' } });
}

function typecheck() {
  return run(tool('tsc'), ['--noEmit', '-p', 'tools/tsconfig.everything.json'], 'typecheck');
}

function format() {
  return run(tool('prettier'), ['--check', ...(projects.length === everything.size ? ['.'] : directories())], 'format');
}

function directories() {
  return projects.map((name) => everything.get(name));
}

function tool(name) {
  return join(root, 'node_modules', '.bin', name);
}

/** A check that is no test suite; when it fails the others run all the same. */
async function check(title, work) {
  try {
    await progress.step(title, work);
  } catch (error) {
    report(error);
  }
}

function report(error) {
  counts.failed += 1;
  progress.line(error instanceof StepFailed ? error.message : error.stack);
}

/** Directories by the names of their projects, which Nx knows them by too. */
function projectsWithSuites() {
  const directories = ['libs', 'apps', 'tools'].flatMap((area) =>
    readdirSync(join(root, area)).map((name) => [name, join(area, name)]),
  );
  return new Map(
    directories.filter(([, directory]) => {
      const file = join(root, directory, 'package.json');
      return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).nx?.targets?.test !== undefined;
    }),
  );
}
