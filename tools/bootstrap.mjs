import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
/** All that this clone keeps on this machine: data, logs, secrets. Git ignores it. */
export const home = join(root, '.quadrille');

/** A step that failed, in words for a person. */
export class StepFailed extends Error {}

export function requireNode() {
  const { node } = process.versions;
  const [major, minor] = node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new StepFailed(`Quadrille needs Node 20.19 or newer; this is ${node}. See https://nodejs.org/en/download.`);
}

/** Runs `npm ci` when the installed packages are not those of the lock file. */
export async function installDependencies(progress) {
  const mark = join(root, 'node_modules', '.quadrille-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const installed = existsSync(mark) ? readFileSync(mark, 'utf8') : await npmsOwnMark(lock);
  if (installed === lock) return;
  await progress.step('npm dependencies', () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm-ci'),
  );
  writeFileSync(mark, lock);
}

/** Packages that somebody installed by hand with the present lock file are as good as ours. */
async function npmsOwnMark(lock) {
  const own = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(own)) return undefined;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(own, 'utf8')).packages;
  const isThere = ([path, { version, optional, link, resolved }]) => {
    if (path === '' || optional || !path.includes('node_modules')) return true;
    return link ? found[path]?.resolved === resolved : found[path]?.version === version;
  };
  return Object.entries(wanted).every(isThere) ? lock : undefined;
}

/** Two tasks at a time, since the machine has at least two cores, and output that reads well in a file. */
export const plainly = ['--parallel=2', '--output-style=static'];

/** Runs Nx without its daemon, so that no process stays behind. */
export function nx(args, log, options) {
  return run(join(root, 'node_modules', '.bin', 'nx'), args, log, options);
}

const running = new Set();

/** Ends the commands that are under way, for whoever is asked to stop. */
export function endCommands() {
  for (const child of running) child.kill('SIGTERM');
}

/** Runs a command to its end with its output in a log, and throws `StepFailed` with the end of that log. */
export function run(command, args, log, { env = {} } = {}) {
  const logFile = join(home, 'logs', `${log}.log`);
  mkdirSync(join(home, 'logs'), { recursive: true });
  const output = openSync(logFile, 'w');
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', output, output],
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', ...env },
  });
  closeSync(output);
  running.add(child);
  child.once('close', () => running.delete(child));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new StepFailed(`${command} could not be started: ${error.message}.`)));
    child.once('exit', (code, signal) => {
      if (code === 0) return resolve(logFile);
      const end = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
      reject(
        new StepFailed(
          `\`${command.split('/').at(-1)} ${args.slice(-3).join(' ')}\` ended with ${signal ?? code}; its log ${logFile} ends so:\n${end}`,
        ),
      );
    });
  });
}
