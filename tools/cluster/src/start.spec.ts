import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lockDirectory } from '@quadrille/local-servers';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Narrator } from './narrator.js';
import { start } from './start.js';

const tools = fileURLToPath(new URL('../../', import.meta.url));

describe('npm start', () => {
  test.each([
    ['start.mjs', '--reest', "Unknown option '--reest'. Try `npm start -- --help`.\n"],
    ['start.mjs', 'once', "Unexpected argument 'once'. Try `npm start -- --help`.\n"],
    ['start.mjs', '--once=5', "Option '--once' does not take an argument. Try `npm start -- --help`.\n"],
    ['test.mjs', '--watch', "Unknown option '--watch'. Try `npm test -- --help`.\n"],
    ['mutants.mjs', '--all', "Unknown option '--all'. Try `npm run mutants -- --help`.\n"],
    ['compose/rehearse.mjs', '--clear', "Unknown option '--clear'. Try `npm run compose:rehearse -- --help`.\n"],
  ])('%s refuses %s before it does anything', async (script, argument, problem) => {
    const { code, stderr, stdout } = await run(script, argument);
    expect({ code, stderr, stdout }).toEqual({ code: 2, stderr: problem, stdout: '' });
  });

  test('npm test names the projects when it is asked for one that is not there', async () => {
    const { code, stderr } = await run('test.mjs', 'ordre');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^There is no project ordre; there are .*\border\b.*\.\n$/);
  });

  test.each(['start.mjs', 'test.mjs', 'mutants.mjs', 'compose/rehearse.mjs'])('%s explains itself', async (script) => {
    const { code, stdout } = await run(script, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('-- --help');
  });

  describe('in a clone that runs already', () => {
    let home: string;
    beforeAll(() => {
      home = mkdtempSync(join(tmpdir(), 'quadrille-home-'));
    });
    afterAll(() => rmSync(home, { recursive: true }));

    test('says so and which process it is', async () => {
      const lines: string[] = [];
      const narrator: Narrator = { step: (_title, work) => work(), line: (text = '') => lines.push(text) };
      const lock = lockDirectory(home);
      await expect(start({ once: true, reset: true }, narrator, home)).resolves.toBe(1);
      lock.release();
      expect(lines.join('\n')).toContain(`This clone runs already, as process ${process.pid}`);
    });
  });
});

function run(script: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [join(tools, script), ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}
