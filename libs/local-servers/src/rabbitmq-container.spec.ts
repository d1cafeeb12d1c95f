import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { throwAwayDirectory } from '../test/throw-away-directory.js';

const root = throwAwayDirectory();
const noContainer = 'echo "Error response from daemon: No such container" >&2; exit 1';

// No Docker takes part: a program of that name answers as Docker does when it cannot do what it is asked.
describe('RabbitMQ in a container', () => {
  test('that Docker does not run is reported with the reason that Docker gave', async () => {
    const docker = standIn('refused', {
      run: 'echo "docker: Error response from daemon: manifest for rabbitmq:4-management not found" >&2; exit 125',
      kill: noContainer,
    });
    expect(await docker.start()).toMatch(/^RabbitMQ did not start; its log .*manifest for rabbitmq.* not found/s);
    expect(docker.asked('run')).toHaveLength(1);
  });

  test.each([
    ['Bind for 127.0.0.1:5672 failed: port is already allocated'],
    ['failed to bind host port for 127.0.0.1:5672: address already in use'],
  ])('is started on other ports when Docker says: %s', async (words) => {
    const docker = standIn(words.replace(/\W+/g, '-'), {
      run: `echo "docker: ${words}" >&2; exit 125`,
      kill: noContainer,
    });
    expect(await docker.start()).toContain(words);
    const ports = docker.asked('run').map((line) => /127\.0\.0\.1:(\d+):5672/.exec(line)?.[1]);
    expect(new Set(ports).size).toBe(3);
  });

  test('that cannot be paused says so to whoever wants to freeze it', async () => {
    const docker = standIn('busy', {
      run: 'exec sleep 300',
      pause: 'echo "Error response from daemon: cannot pause" >&2; exit 1',
      kill: noContainer,
    });
    expect(await docker.freeze()).toContain('Error response from daemon: cannot pause');
  });
});

/** Another process that finds this `docker` first: a process cannot change in which places its own is looked for. */
function standIn(name: string, answers: Readonly<Record<string, string>>) {
  const directory = join(root, name);
  const calls = join(directory, 'calls');
  mkdirSync(join(directory, 'bin'), { recursive: true });
  const cases = Object.entries(answers).map(([order, answer]) => `${order}) ${answer};;`);
  const script = `#!/bin/sh\necho "$*" >> ${calls}\ncase "$1" in\n${cases.join('\n')}\nesac\n`;
  writeFileSync(join(directory, 'bin', 'docker'), script, { mode: 0o755 });
  const run = async (program: string) => {
    const file = join(directory, 'program.mjs');
    writeFileSync(file, program);
    const PATH = `${join(directory, 'bin')}:${process.env['PATH'] ?? ''}`;
    return (await promisify(execFile)(process.execPath, [file], { env: { ...process.env, PATH } })).stdout;
  };
  const dist = (file: string) => join(process.cwd(), 'dist', file);
  const broker = JSON.stringify(join(directory, 'broker'));
  return {
    asked: (order: string) =>
      (existsSync(calls) ? readFileSync(calls, 'utf8') : '').split('\n').filter((line) => line.startsWith(`${order} `)),
    /** What `startRabbitMq` fails with. */
    start: () =>
      run(`import { startRabbitMq } from '${dist('rabbitmq.js')}';
        const options = { directory: ${broker}, installation: { kind: 'docker' } };
        await startRabbitMq(options).catch((error) => process.stdout.write(error.message));`),
    /** What `freeze` fails with. */
    freeze: () =>
      run(`import { mkdirSync } from 'node:fs';
        import { startContainer } from '${dist('rabbitmq-container.js')}';
        mkdirSync(${broker});
        const container = await startContainer(${broker}, { amqp: 1, management: 2 }, 'secret');
        try { container.freeze(); } catch (error) { process.stdout.write(error.message); }
        await container.kill('SIGKILL');`),
  };
}
