import { describe, expect, it } from '@jest/globals';
import { help, Misunderstanding, parseCommandLine } from './command-line.js';

describe('the command line', () => {
  it('measures everybody in full by default', () => {
    expect(parseCommandLine([])).toEqual({
      quick: false,
      only: [],
      profile: false,
      life: false,
      out: 'docs/benchmarks',
      help: false,
    });
  });

  it('takes some of the parties', () => {
    expect(parseCommandLine(['--quick', '--only', 'ours, naive'])).toMatchObject({
      quick: true,
      only: ['ours', 'naive'],
    });
  });

  it('keeps what is not complete out of the documentation', () => {
    expect(parseCommandLine(['--quick']).out).toBe('.quadrille/benchmarks');
    expect(parseCommandLine(['--only', 'ours']).out).toBe('.quadrille/benchmarks');
    expect(parseCommandLine(['--quick', '--out', 'here']).out).toBe('here');
  });

  it.each([
    [['--only', 'kafka'], '"kafka" takes no part. Known are ours, limit, naive, polling, polling-tuned.'],
    [['--fast'], "Unknown option '--fast'. Try `npm run bench -- --help`."],
    [['--profile'], '--profile is of our services alone: say `--only ours --profile`.'],
    [['--profile', '--only', 'naive'], '--profile is of our services alone: say `--only ours --profile`.'],
  ])('refuses %j in one sentence', (args, sentence) => {
    expect(() => parseCommandLine(args)).toThrow(new Misunderstanding(sentence));
  });

  it('explains each option', () => {
    for (const option of ['--quick', '--only', '--profile', '--life', '--out']) expect(help).toContain(option);
  });
});
