import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processNames } from '../src/service-environment.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const stages = stagesOf(readFileSync(join(root, 'Dockerfile'), 'utf8'));
const last = stages.at(-1)!.lines;
const command = JSON.parse(last.find((line) => line.startsWith('CMD '))!.slice(4)) as string[];
const images = ['setup', ...processNames];

/** The Dockerfile's own commands, in directories instead of images. */
describe('the Dockerfile', () => {
  let directory: string;
  const stage = (name: string) => join(directory, name);
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'quadrille-image-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('begins with what decides about the dependencies, and nothing else', () => {
    copySources(stage('manifests'));
    run('manifests', stage('manifests'), /^find /);
    const files = execFileSync('find', ['.', '-type', 'f'], { cwd: stage('manifests'), encoding: 'utf8' });
    expect(
      files
        .trim()
        .split('\n')
        .filter((file) => !/\/package(-lock)?\.json$/.test(file)),
    ).toEqual([]);
    expect(files).toContain('./apps/order/package.json');
  });

  test('builds with nothing but what git keeps, in one step that leaves a directory for every image', () => {
    // The step itself is what this very run did before: bundles are built before the suite.
    const [, step] = stageOf('build').filter((line) => line.startsWith('RUN '));
    expect(step).toBe('RUN npx nx run @quadrille/cluster:bundle');
  });

  test.each(images)('needs nothing but %s’s own directory in its image', (name) => {
    copyImage(name, stage(name));
    const files = readdirSync(stage(name), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\.(js|mjs|cjs|node)$/.test(file) && !file.startsWith('swagger-ui'))).toEqual([
      'main.mjs',
    ]);
    const { status, stderr } = start(stage(name));
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/is (missing|not set)/) });
  });

  test('runs services as somebody without rights, and asks whether they are ready', () => {
    expect(last).toContain('USER node');
    expect(last.find((line) => line.startsWith('HEALTHCHECK'))).toContain('/health/ready');
    // In the form that starts no shell: signals reach the service itself, which stops in order on SIGTERM.
    expect(command).toEqual(['node', 'main.mjs']);
  });
});

interface Stage {
  readonly name: string;
  readonly lines: readonly string[];
}

function stagesOf(dockerfile: string): Stage[] {
  const lines = dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '');
  const stages: { name: string; lines: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('FROM ')) stages.push({ name: line.split(' AS ')[1] ?? 'service', lines: [] });
    else stages.at(-1)?.lines.push(line);
  }
  return stages;
}

function stageOf(name: string): readonly string[] {
  const found = stages.find((stage) => stage.name === name);
  if (found) return found.lines;
  throw new Error(`There is no stage ${name}.`);
}

/** Runs the stage's one command that looks so. */
function run(name: string, cwd: string, command: RegExp): void {
  const commands = stageOf(name).filter((line) => line.startsWith('RUN '));
  const [found] = commands.map((line) => line.slice(4)).filter((line) => command.test(line));
  if (found === undefined) throw new Error(`The stage ${name} has no command like ${command}.`);
  execFileSync('sh', ['-c', found], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** What `COPY . .` copies, as far as the commands look at it. */
function copySources(target: string): void {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of tracked) {
    if (file === '' || !lstatSync(join(root, file), { throwIfNoEntry: false })) continue;
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(root, file), join(target, file));
  }
}

/** The one thing that the last stage takes from the build. */
function copyImage(name: string, target: string): void {
  const copies = last.filter((line) => line.startsWith('COPY '));
  expect(copies).toEqual(['COPY --from=build /quadrille/dist/${SERVICE} ./']);
  cpSync(join(root, 'dist', name), target, { recursive: true });
}

function start(cwd: string) {
  const [, ...args] = command;
  return spawnSync(process.execPath, args, { cwd, env: { PATH: process.env['PATH'] }, encoding: 'utf8' });
}
