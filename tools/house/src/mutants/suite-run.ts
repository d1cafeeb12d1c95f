import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Notice } from './plumbing-mutant.js';

/** What a test says of the code that it ran against. */
export type Finding =
  | { readonly kind: 'passed' }
  /** A test failed; `why` is the first line of its failure. */
  | { readonly kind: 'failed'; readonly why: string }
  /** The process ended before its tests did: an error that nobody caught. */
  | { readonly kind: 'crashed'; readonly why: string }
  /** No test ran to an end, or the code does not even work: that says nothing about the promise. */
  | { readonly kind: 'nothing'; readonly why: string };

export interface SuitePlace {
  /** Where the sources are. */
  readonly directory: string;
  /** Where Jest is installed. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** Runs the tests of one spec whose names contain the title, in a process of their own, for a limited time. */
export async function runSuite({ spec, test }: Notice, place: SuitePlace): Promise<Finding> {
  const project = spec.split('/').slice(0, 2).join('/');
  const report = join(place.directory, 'report.json');
  rmSync(report, { force: true });
  const end = await runJest(
    ['--runTestsByPath', join(place.directory, spec), '--testNamePattern', literally(test), '--outputFile', report],
    join(place.directory, project),
    place,
  );
  if (end.late) return { kind: 'nothing', why: `no end within ${place.limitMs / 1000} s` };
  if (!existsSync(report)) return { kind: 'crashed', why: `no report: ${end.output.trim().slice(-300)}` };
  return findingOf(JSON.parse(readFileSync(report, 'utf8')) as Report);
}

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
}

/** Errors that mean that the bug was not planted as it was meant. */
const brokenCode = /^(SyntaxError|ReferenceError|Cannot find|TypeError: \S+ is not a (function|constructor))/;

export function findingOf({ testResults }: Report): Finding {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const ran = tests.filter(({ status }) => status === 'passed' || status === 'failed');
  if (ran.length === 0) return { kind: 'nothing', why: firstLine(testResults[0]?.message) ?? 'no test has that title' };
  const [failure] = ran.filter(({ status }) => status === 'failed');
  if (!failure) return { kind: 'passed' };
  const why = firstLine(failure.failureMessages[0]) ?? 'it does not say why';
  return { kind: brokenCode.test(why) ? 'nothing' : 'failed', why };
}

function firstLine(text: string | undefined): string | undefined {
  // Jest colours what it compares.
  return text
    ?.replace(/\u001b\[\d+m/g, '')
    .trim()
    .split('\n')[0];
}

function literally(title: string): string {
  return title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

interface End {
  readonly late: boolean;
  readonly output: string;
}

function runJest(args: readonly string[], directory: string, { root, environment, limitMs }: SuitePlace): Promise<End> {
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      jest,
      ...args,
      '--runInBand',
      '--forceExit',
      '--json',
    ],
    { cwd: directory, env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  let late = false;
  child.stderr.on('data', (data: Buffer) => (output = (output + data.toString()).slice(-20_000)));
  const kill = () => child.kill('SIGKILL');
  const limit = setTimeout(() => {
    late = true;
    kill();
  }, limitMs);
  process.once('exit', kill);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      process.off('exit', kill);
      clearTimeout(limit);
      resolve({ late, output });
    });
  });
}
