import { describe, expect, it } from '@jest/globals';
import { help, Misunderstanding, parseCommandLine } from './command-line.js';

describe('the command line', () => {
  it('measures everybody in full by default', () => {
    expect(parseCommandLine([])).toEqual({
      quick: false,
      only: [],
      profile: false,
      life: false,
      scale: undefined,
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

  it('takes what is to grow, as far as it is said or as it is meant to', () => {
    expect(parseCommandLine(['--scale', 'hot, history=2000'])).toMatchObject({
      scale: { hot: 1, history: 2000 },
      out: '.quadrille/benchmarks',
    });
    expect(parseCommandLine(['--scale', 'all']).scale).toMatchObject({ history: 1_000_000, backlog: 200_000 });
  });

  it('keeps what is not complete out of the documentation', () => {
    expect(parseCommandLine(['--quick']).out).toBe('.quadrille/benchmarks');
    expect(parseCommandLine(['--only', 'ours']).out).toBe('.quadrille/benchmarks');
    expect(parseCommandLine(['--quick', '--out', 'here']).out).toBe('here');
  });

  it.each([
    [['--only', 'kafka'], '"kafka" takes no part. Known are ours, limit, naive, polling, polling-tuned.'],
    [['--fast'], "Unknown option '--fast'. Try `npm run bench -- --help`."],
    [['--scale', 'moon'], '"moon" cannot be scaled. Known are hot, replicas, history, backlog, memory, all.'],
    [['--scale', 'history=many'], '"many" is no size: say for example `history=1000000`.'],
    [['--profile'], '--profile is of our services alone: say `--only ours --profile`.'],
    [['--profile', '--only', 'naive'], '--profile is of our services alone: say `--only ours --profile`.'],
  ])('refuses %j in one sentence', (args, sentence) => {
    expect(() => parseCommandLine(args)).toThrow(new Misunderstanding(sentence));
  });

  it('explains each option', () => {
    for (const option of ['--quick', '--only', '--profile', '--life', '--scale', '--out'])
      expect(help).toContain(option);
  });
});
