import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lockDirectory } from '@quadrille/local-servers';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

  describe('in a clone', () => {
    let home: string;
    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), 'quadrille-home-'));
    });
    afterEach(() => rmSync(home, { recursive: true }));

    test('that runs already says so and which process it is', async () => {
      const lock = lockDirectory(home);
      const { code, lines } = await startIn(home);
      lock.release();
      expect(code).toBe(1);
      expect(lines).toContain(`This clone runs already, as process ${process.pid}`);
    });

    test.each(['DATABASE_URL', 'AMQP_URL', 'DATABASE_URL and AMQP_URL'])(
      'does not reset what a server of %s depends on',
      async (given) => {
        const data = join(home, 'data');
        mkdirSync(data);
        writeFileSync(join(data, 'secrets.json'), '{}');
        for (const name of ['DATABASE_URL', 'AMQP_URL'])
          process.env[name] = given.includes(name) ? 'given://nowhere.invalid' : '';
        const { code, lines } = await startIn(home);
        expect({ code, lines: lines.trim() }).toEqual({
          code: 1,
          lines: `--reset empties no server that is given: unset ${given}, or empty them yourself and then remove ${data}.`,
        });
        expect(readdirSync(data)).toEqual(['secrets.json']);
      },
    );
  });
});

async function startIn(home: string): Promise<{ code: number; lines: string }> {
  const lines: string[] = [];
  const narrator: Narrator = { step: (_title, work) => work(), line: (text = '') => lines.push(text) };
  const code = await start({ once: true, reset: true }, narrator, home);
  return { code, lines: lines.join('\n') };
}

function run(script: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [join(tools, script), ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}
