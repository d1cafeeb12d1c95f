import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { throwAwayDirectory } from '../test/throw-away-directory.js';
import { readProc } from './process-table.js';
import { installRabbitMqPackage, type PackageHost } from './rabbitmq-package.js';

const directory = throwAwayDirectory();

describe('installing the RabbitMQ package', () => {
  test('forbids it to start services meanwhile, and takes the ban back', async () => {
    const host = fakeHost('ban');
    await installRabbitMqPackage(host);
    expect(host.commands.slice(0, 2)).toEqual([
      'apt-get update -q',
      'apt-get install -q -y --no-install-recommends rabbitmq-server',
    ]);
    expect(host.policies).toEqual([101, 101]);
    expect(existsSync(host.policyFile)).toBe(false);
  });

  test('gives back the policy that was there', async () => {
    const host = fakeHost('kept');
    writeFileSync(host.policyFile, 'mine');
    await installRabbitMqPackage(host);
    expect(host.policies).toEqual([101, 101]);
    expect(readFileSync(host.policyFile, 'utf8')).toBe('mine');
  });

  test('gives back the policy when the installation fails, or failed the last time', async () => {
    const host = fakeHost('failed');
    writeFileSync(host.policyFile, 'mine');
    const failing = { ...host, run: () => Promise.reject(new Error('no network')) };
    await expect(installRabbitMqPackage(failing)).rejects.toThrow('no network');
    expect(readFileSync(host.policyFile, 'utf8')).toBe('mine');
  });

  test('ends what the package started all the same, and nothing that ran before', async () => {
    const before = spawn('sleep', ['300'], { stdio: 'ignore' });
    await once(before, 'spawn');
    const erlang = [Number(before.pid)];
    const host: PackageHost = {
      ...fakeHost('started'),
      erlangProcesses: () => erlang,
      async run(_command, args) {
        if (args[0] !== 'install') return;
        started = spawn('sleep', ['300'], { stdio: 'ignore' });
        await once(started, 'spawn');
        erlang.push(Number(started.pid));
      },
    };
    let started = before;
    const installing = installRabbitMqPackage(host);
    await installing;
    expect(started).not.toBe(before);
    if (started.signalCode === null) await once(started, 'exit');
    expect(started.signalCode).toBe('SIGKILL');
    expect(before.signalCode).toBeNull();
    before.kill('SIGKILL');
  });

  test('knows a process by the program that it runs, and one that has just ended by none', async () => {
    const sleeping = spawn('sleep', ['300'], { stdio: 'ignore' });
    await once(sleeping, 'spawn');
    expect(readProc(Number(sleeping.pid), 'comm')).toBe('sleep\n');
    sleeping.kill('SIGKILL');
    await once(sleeping, 'exit');
    expect(readProc(Number(sleeping.pid), 'comm')).toBeUndefined();
  });
});

function fakeHost(name: string) {
  const policyFile = join(directory, `policy-${name}`);
  const commands: string[] = [];
  const policies: number[] = [];
  return {
    policyFile,
    commands,
    policies,
    erlangProcesses: () => [],
    run(command: string, args: readonly string[]) {
      commands.push([command, ...args].join(' '));
      if (command === 'apt-get') {
        expect(statSync(policyFile).mode & 0o111).toBe(0o111);
        policies.push(Number(/exit (\d+)/.exec(readFileSync(policyFile, 'utf8'))?.[1]));
      }
      return Promise.resolve();
    },
  } satisfies PackageHost & Record<string, unknown>;
}
