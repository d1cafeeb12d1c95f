import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { throwAwayDirectory } from '../test/throw-away-directory.js';
import { startOwnedProcess } from './owned-process.js';
import { identityOf, isRunning, type ProcessIdentity, processTree } from './process-table.js';

const directory = throwAwayDirectory();
const logFile = (name: string) => join(directory, `${name}.log`);

describe('a process that this one owns', () => {
  test('is asked to end, and answers with its exit code', async () => {
    const log = logFile('asked');
    const script = `trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done`;
    const owned = await startOwnedProcess({ command: '/bin/sh', args: ['-c', script], logFile: log });
    await until(() => readFileSync(log, 'utf8').includes('ready'));
    await expect(owned.stop()).resolves.toEqual({ code: 7, signal: null });
    expect(readFileSync(log, 'utf8')).toBe('ready\nbye\n');
    expect(owned.running).toBe(false);
  });

  test('that does not listen is ended with its children', async () => {
    const log = logFile('deaf');
    const script = `trap '' TERM; sleep 300 & echo ready; wait; sleep 300`;
    const owned = await startOwnedProcess({ command: '/bin/sh', args: ['-c', script], logFile: log });
    await until(() => processTree(owned.pid).length === 2 && readFileSync(log, 'utf8').includes('ready'));
    const tree = processTree(owned.pid);
    await expect(owned.stop({ graceMs: 100 })).resolves.toEqual({ code: null, signal: 'SIGKILL' });
    expect(tree.filter(isRunning)).toEqual([]);
  });

  test('stands still while it is frozen, and goes on afterwards', async () => {
    const log = logFile('frozen');
    const script = `while :; do echo tick; sleep 0.05; done`;
    const owned = await startOwnedProcess({ command: '/bin/sh', args: ['-c', script], logFile: log });
    const ticks = () => readFileSync(log, 'utf8').length;
    await until(() => ticks() > 0);
    owned.freeze();
    await until(() => stateOf(owned.pid) === 'T');
    const before = ticks();
    await delay(200);
    expect(ticks()).toBe(before);
    owned.thaw();
    await until(() => ticks() > before);
    await owned.stop();
  });

  test('that cannot be started is reported with its name', async () => {
    const starting = startOwnedProcess({ command: '/no/such/program', logFile: logFile('missing') });
    await expect(starting).rejects.toThrow('/no/such/program could not be started.');
  });

  test('ends when its owner is killed', async () => {
    const marker = join(directory, 'asked-to-end');
    const [owner, owned] = await startOwner(`trap 'echo > ${marker}; exit' INT; while :; do sleep 0.05; done`);
    owner.kill('SIGKILL');
    await until(() => !isRunning(owned));
    expect(existsSync(marker)).toBe(true);
  });

  test('ends when its owner ends without stopping it', async () => {
    const [owner, owned] = await startOwner(`sleep 300`);
    owner.stdin.end();
    await until(() => !isRunning(owned));
  });
});

/** Another Node process that owns a shell: what happens to it when that process is gone? */
async function startOwner(script: string) {
  const program = join(directory, 'owner.ts.mjs');
  const options = { command: '/bin/sh', args: ['-c', script], logFile: logFile('owner'), stopSignal: 'SIGINT' };
  writeFileSync(
    program,
    `import { startOwnedProcess } from '${join(process.cwd(), 'dist/owned-process.js')}';
     const owned = await startOwnedProcess(${JSON.stringify(options)});
     console.log(String(owned.pid));
     process.stdin.resume().on('end', () => process.exit());`,
  );
  const owner = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [pid] = (await once(createInterface(owner.stdout), 'line')) as [string];
  const owned = identityOf(Number(pid));
  if (!owned) throw new Error('The owned process did not start.');
  return [owner, owned] as const satisfies readonly [typeof owner, ProcessIdentity];
}

function stateOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
}

async function until(fact: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!fact()) {
    if (Date.now() > end) throw new Error(`Not so within 30 s: ${fact.toString()}`);
    await delay(20);
  }
}
