import { spawn } from 'node:child_process';
import { join } from 'node:path';
import {
  endCommands,
  home,
  installDependencies,
  nx,
  plainly,
  requireNode,
  root,
  run,
  StepFailed,
} from '../bootstrap.mjs';
import { Progress } from '../progress.mjs';
import { installTools } from './debian.mjs';
import { examine } from './images.mjs';
import { Machine, removePlace } from './machine.mjs';
import { help, parseOptions } from './options.mjs';
import { makeStandIns } from './stand-ins.mjs';
import { settledOptions } from '../settled-options.mjs';

// `npm run compose:rehearse`: docker-compose.yml, brought up for real and unchanged, on a Docker Engine of its own, with stand-ins
// for the images that would be pulled. What is done with it then, orders and crashes, is apps/e2e/src/compose. The same images run
// once more as the manifests of k8s/overlays/local say: apps/e2e/src/pods.
const options = settledOptions(parseOptions(process.argv.slice(2)), help);

const file = '/quadrille/docker-compose.yml';
const progress = new Progress();
let machine;
let scenario;
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    stopped = true;
    endCommands();
    scenario?.kill('SIGKILL');
  });

try {
  if (options.clean) await progress.step('what rehearsals keep, removed', removePlace);
  else await rehearse();
} catch (error) {
  process.exitCode = stopped ? 130 : 1;
  if (!stopped) progress.line(error instanceof StepFailed ? `\n${error.message}` : error.stack);
} finally {
  await machine?.end();
}

async function rehearse() {
  requireNode();
  await installDependencies(progress);
  await installTools(progress);
  await progress.step('build', () =>
    nx(['run-many', '-t', 'build', '-p', '@quadrille/e2e,@quadrille/operations', ...plainly], 'compose-build'),
  );
  machine = await Machine.start(progress);
  await takeDown(); // A rehearsal that was killed left its containers and volumes.
  const { services } = JSON.parse(await machine.output(...composeCommand('config', '--format', 'json')));
  const { base } = await makeStandIns(machine, services, progress);
  await progress.step('images of the services', () => compose('images', 'build'));
  const images = await progress.step('what is in the images', () => examine(machine, services, base));
  if (stopped) throw new StepFailed('Stopped.');
  if (options.only !== 'pods') await rehearseCompose(services);
  if (options.only !== 'compose') await rehearsePods();
  progress.line(['', ...images].join('\n'));
}

async function rehearseCompose(services) {
  try {
    await progress.step('docker compose up', () => compose('up', 'up', '--detach', '--no-build'));
    await play('compose', [file], 'compose-containers');
    await progress.step('docker compose stop, each service with 0', () => stopGracefully(services));
  } catch (error) {
    if (!stopped) await keepLogs();
    throw error;
  } finally {
    await progress.step('docker compose down -v', takeDown);
  }
}

async function rehearsePods() {
  try {
    await play('pods', [String(options.drains), join(home, 'logs', 'compose-pods.log')], 'compose-pods');
  } finally {
    await progress.step('no pod is left', takeDown);
  }
}

function composeCommand(...args) {
  return ['docker', 'compose', '--file', file, ...args];
}

function compose(log, ...args) {
  return run(...machine.command(...composeCommand(...args)), `compose-${log}`);
}

/** 137 would be a service that was killed because it did not end in time. */
async function stopGracefully(services) {
  await compose('stop', 'stop');
  for (const [name, { build }] of Object.entries(services)) {
    if (!build) continue;
    const id = await machine.output(...composeCommand('ps', '--all', '--quiet', name));
    const code = await machine.output('docker', 'inspect', '--format', '{{.State.ExitCode}}', id);
    if (code !== '0') throw new StepFailed(`${name} ended with ${code} when it was asked to stop.`);
  }
}

/** Once the containers are gone nobody can ask them. That they cannot be asked now is told, and does not hide why they were. */
async function keepLogs() {
  try {
    await compose('containers', 'logs', '--no-color', '--timestamps');
  } catch (error) {
    progress.line(`What the containers said could not be kept: ${error.message}`);
  }
}

/** Removes all that Compose made, and looks whether it is gone. */
async function takeDown() {
  await compose('down', 'down', '--volumes');
  await run(
    ...machine.command('docker', 'compose', '--project-name', 'quadrille-pods', 'down', '--volumes'),
    'compose-down',
  );
  const left = await Promise.all([
    machine.output('docker', 'ps', '--all', '--quiet'),
    machine.output('docker', 'volume', 'ls', '--quiet'),
    machine.output('docker', 'network', 'ls', '--quiet', '--filter', 'type=custom'),
  ]);
  if (left.join('') !== '') throw new StepFailed(`\`docker compose down -v\` left ${left.join(' ').trim()}.`);
}

/** In the network of the machine, with the files of this one. */
async function play(scene, args, log) {
  if (stopped) throw new StepFailed('Stopped.');
  const program = join(root, 'apps/e2e/dist', scene, 'main.js');
  const [enter, namespaces] = machine.command();
  const [command, all] = machine.inItsNetwork(process.execPath, program, ...args, enter, ...namespaces);
  scenario = spawn(command, all, { cwd: root, stdio: 'inherit' });
  const code = await new Promise((resolve) => scenario.once('exit', resolve));
  if (code !== 0)
    throw new StepFailed(`The rehearsal failed. What the containers said is in .quadrille/logs/${log}.log.`);
}
