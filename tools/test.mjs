import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDependencies, nx, requireNode, root, run, StepFailed } from './bootstrap.mjs';
import { Progress } from './progress.mjs';
import { runSuites } from './suites.mjs';
import { parseTestOptions, testHelp } from './test-options.mjs';
import { TestServers } from './test-servers.mjs';

// `npm test`: installs, starts throw-away servers of its own, runs every check and every suite, and ends with one line.
const everything = projectsWithSuites();
const options = parseTestOptions(process.argv.slice(2), everything);
if (options.problem) {
  console.error(options.problem);
  process.exit(2);
}
if (options.help) {
  console.log(testHelp);
  process.exit(0);
}
const projects = options.projects.length > 0 ? options.projects : everything;
const progress = new Progress();
const servers = new TestServers();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => void servers.end().finally(() => process.exit(130)));

const counts = { passed: 0, failed: 0 };
try {
  requireNode();
  await installDependencies(progress);
  const starting = servers.start(progress);
  starting.catch(() => undefined); // Reported below, where it is awaited.
  if (projects === everything)
    await check('format', () => run(join(root, 'node_modules/.bin/prettier'), ['--check', '.'], 'format'));
  for (const target of ['build', 'typecheck', 'lint'])
    await check(target, () =>
      nx(['run-many', '-t', target, '-p', projects.join(','), '--parallel=2', '--output-style=static'], target),
    );
  const environment = await starting;
  const { passed, failed } = await runSuites({ projects, environment, progress });
  counts.passed += passed;
  counts.failed += failed;
} catch (error) {
  report(error);
} finally {
  await servers.end();
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

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

/** By the names of their folders, as Nx knows them too. */
function projectsWithSuites() {
  return ['libs', 'apps', 'tools'].flatMap((area) =>
    readdirSync(join(root, area)).filter((name) => {
      const file = join(root, area, name, 'package.json');
      return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).nx?.targets?.test !== undefined;
    }),
  );
}
