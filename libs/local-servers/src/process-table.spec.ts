import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { commandLineFromPs, commandLineOf } from './process-table.js';

describe('the command line of a process', () => {
  // What Linux itself knows is asked where it is there, and ps where it is not.
  const ways = [['the system', commandLineOf] as const, ['ps', commandLineFromPs] as const];
  test.each(ways.filter(([way]) => way !== 'ps' || existsSync('/bin/ps')))('is known by %s', async (_, ask) => {
    const sleeper = spawn('/bin/sleep', ['299']);
    await once(sleeper, 'spawn');
    const pid = Number(sleeper.pid);
    expect(ask(pid)?.trim()).toBe('/bin/sleep 299');
    sleeper.kill('SIGKILL');
    await once(sleeper, 'exit');
    expect(ask(pid)).toBeUndefined();
  });
});
