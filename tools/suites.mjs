import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { home, nx, StepFailed } from './bootstrap.mjs';

const directory = join(home, 'test-totals');

/**
 * Runs the projects' suites, tells each project's totals as it ends, and adds them up. Nothing comes from Nx's cache: a
 * restored result counts no tests, and against servers it proves nothing.
 */
export async function runSuites({ projects, environment, progress }) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const totals = new Map();
  const tellNew = () => {
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
      if (totals.has(file)) continue;
      const one = JSON.parse(readFileSync(join(directory, file), 'utf8'));
      totals.set(file, one);
      tell(one, progress);
    }
  };
  const watching = setInterval(tellNew, 300);
  let problem;
  try {
    await progress.step(`suites of ${projects.length} projects`, () => inTwoLanes(projects, environment));
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    problem = error;
  } finally {
    clearInterval(watching);
  }
  tellNew();

  const all = [...totals.values()];
  const silent = projects.filter((project) => !totals.has(`${project}.json`));
  for (const project of silent)
    progress.line(`✗ ${project}: its suites ended without totals; see ${join(home, 'logs')}`);
  const sum = (field) => all.reduce((total, one) => total + one[field], 0);
  let failed = sum('failed') + silent.length;
  if (problem && failed === 0) {
    // Every test passed and a suite's process ended badly all the same: that is a failure too.
    failed = 1;
    progress.line(problem.message);
  }
  return { passed: sum('passed'), failed, skipped: sum('skipped') };
}

/** Whole systems as processes, which mostly wait: minutes each. */
const longest = ['e2e', 'operations'];

/** The longest begin at once, one after the other, and beside them all others two at a time: Nx would begin the longest last. */
async function inTwoLanes(projects, environment) {
  const lanes = [
    { log: 'suites-long', parallel: 1, projects: projects.filter((name) => longest.includes(name)) },
    { log: 'suites', parallel: 2, projects: projects.filter((name) => !longest.includes(name)) },
  ];
  const ends = await Promise.allSettled(
    lanes
      .filter((lane) => lane.projects.length > 0)
      .map((lane) =>
        nx(
          [
            ...['run-many', '-t', 'test', '-p', lane.projects.join(',')],
            ...[
              '--exclude-task-dependencies',
              '--skip-nx-cache',
              '--output-style=static',
              `--parallel=${lane.parallel}`,
            ],
          ],
          lane.log,
          { env: { ...environment, QUADRILLE_TEST_TOTALS: directory } },
        ),
      ),
  );
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}

function tell({ project, passed, failed, skipped, seconds, failures }, progress) {
  const words = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
  const mark = failed > 0 ? '✗' : '✓';
  progress.line(
    `  ${mark} ${project.padEnd(20)} ${words.filter(Boolean).join(', ').padEnd(22)} ${seconds.toFixed(1).padStart(6)} s`,
  );
  for (const failure of failures) progress.line(failure.replace(/^/gm, '    '));
}
