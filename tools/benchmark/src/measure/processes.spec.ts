import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpuMsOf, memoryBytesOf, parseStat } from './processes.js';

it('reads a name with spaces and brackets, and the time of children that have ended', () => {
  const stat = `7 (a) b (c) S 3 7 7 0 -1 4194560 1 2 3 4 11 12 13 14 20 0 1 0 99`;
  expect(parseStat(7, stat)).toEqual({ pid: 7, parent: 3, cpuMs: 500 });
});

it('counts a child that has come and gone, as the processes of a database do', () => {
  const before = cpuMsOf({ own: process.pid }).own;
  execFileSync(process.execPath, [
    '-e',
    'const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);',
  ]);
  expect(cpuMsOf({ own: process.pid }).own - before).toBeGreaterThanOrEqual(250);
});

it('names the process that is not there any more', () => {
  expect(() => cpuMsOf({ broker: 2 ** 30 })).toThrow('broker');
});

it('knows how much memory a process has', () => {
  expect(memoryBytesOf(process.pid)).toBeGreaterThan(20e6);
});
