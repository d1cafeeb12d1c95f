import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { endCommands, home, installDependencies, nx, requireNode, root, StepFailed } from './bootstrap.mjs';
import { mutantsHelp, parseMutantsOptions } from './mutants-options.mjs';
import { Progress } from './progress.mjs';
import { TestServers } from './test-servers.mjs';
import { settledOptions } from './settled-options.mjs';

// `npm run mutants`: who checks the checkers. Deciders and modelled plumbing die in the simulation, plumbing that ships on servers.
const options = settledOptions(parseMutantsOptions(process.argv.slice(2)), mutantsHelp);

/** Three times the slowest death that was seen on two busy cores. */
const limitMs = 180_000;
/** More than there are cores: most of the time a test that fails waits for what does not come. */
const atOnce = 3;
const startedAt = performance.now();
const progress = new Progress();
const servers = new TestServers();
const copies = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    endCommands();
    for (const copy of copies) copy.remove();
    void servers.end().finally(() => process.exit(130));
  });

let wrong = 0;
try {
  requireNode();
  await installDependencies(progress);
  await nx(['run-many', '-t', 'build', '-p', 'simulation,house', '--output-style=static'], 'build-mutants');
  const { WorkingCopy, huntPlumbing, plumbingMutants } = await import('./house/dist/mutants/index.js');
  const hunted = plumbingMutants.filter(({ name }) => name.includes(options.only));

  if (options.list) {
    await simulation('--list');
    for (const { name, file, breaks } of hunted) console.log(`${file} ${name}: ${breaks}`);
  } else {
    wrong += await simulation('--seeds', options.seeds);
    if (hunted.length > 0) wrong += await onServers(hunted, { WorkingCopy, huntPlumbing });
    console.log(`${wrong === 0 ? 'All is as it should be' : 'NOT all is as it should be'}, in ${seconds(startedAt)}.`);
  }
} catch (error) {
  progress.line(error instanceof StepFailed ? error.message : error.stack);
  wrong += 1;
} finally {
  for (const copy of copies) copy.remove();
  await servers.end();
}
process.exit(wrong === 0 ? 0 : 1);

/** Says how each dies; answers with 1 when one does not. */
function simulation(...args) {
  const main = join(root, 'apps/simulation/dist/mutation/main.js');
  const child = spawn(process.execPath, [main, '--only', options.only, ...args], { stdio: 'inherit' });
  process.once('exit', () => child.kill());
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0 ? 0 : 1)));
}

async function onServers(hunted, { WorkingCopy, huntPlumbing }) {
  await nx(['run', '@quadrille/payment:test-parts', '--output-style=static'], 'build-mutants');
  await servers.build(progress);
  const environment = await servers.start(progress);
  for (let n = 0; n < atOnce; n++) copies.push(new WorkingCopy(root, home));
  const counts = { dies: 0, survives: 0, unproven: 0 };
  const tell = ({ mutant, kind, why, seconds: took }) => {
    counts[kind] += 1;
    const word = kind === 'dies' ? 'dies    ' : kind.toUpperCase();
    console.log(`${word} ${took.toFixed(1).padStart(5)} s  ${mutant.file} ${mutant.name}: ${why.slice(0, 160)}`);
    if (kind === 'survives') console.log(`          ${mutant.noticedBy.spec} should notice: ${mutant.noticedBy.test}`);
  };
  await huntPlumbing({ mutants: hunted, copies, place: { root, environment, limitMs }, tell });
  const { dies, survives, unproven } = counts;
  console.log(`${hunted.length} mutants on servers: ${dies} die, ${survives} survive, ${unproven} unproven.`);
  return survives + unproven;
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(0)} s`;
}
