import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { throwAwayDirectory } from '../test/throw-away-directory.js';
import { DirectoryInUse, lockDirectory } from './directory-lock.js';
import { identityOf } from './process-table.js';

const root = throwAwayDirectory();

describe('a directory that one process may own at a time', () => {
  test('a second claim is refused and names the owner', () => {
    const directory = join(root, 'twice');
    const lock = lockDirectory(directory);
    expect(() => lockDirectory(directory)).toThrow(DirectoryInUse);
    expect(() => lockDirectory(directory)).toThrow(`${directory} is in use by process ${process.pid}.`);
    lock.release();
    lockDirectory(directory).release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('the claim of a process that has ended is void', async () => {
    const directory = join(root, 'ended');
    lockDirectory(directory).release();
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    writeFileSync(join(directory, 'lock'), JSON.stringify(identityOf(Number(other.pid))));
    expect(() => lockDirectory(directory)).toThrow(DirectoryInUse);
    other.kill('SIGKILL');
    await once(other, 'exit');
    lockDirectory(directory).release();
  });

  test('the claim of a process whose number belongs to another one now is void', () => {
    const directory = join(root, 'reused');
    lockDirectory(directory).release();
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.pid, began: 'long ago' }));
    lockDirectory(directory).release();
  });

  test('a claim that cannot be read is void', () => {
    const directory = join(root, 'unreadable');
    lockDirectory(directory).release();
    writeFileSync(join(directory, 'lock'), '');
    lockDirectory(directory).release();
  });
});
