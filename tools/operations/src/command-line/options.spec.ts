import { describe, expect, it } from '@jest/globals';
import { UsageError } from './ends.js';
import { helpOf, parse, type Usage } from './options.js';
import { table } from './table.js';
import { durationMs, momentOf, oneOf, positiveNumber } from './values.js';

const usage: Usage = {
  line: 'tool -- [options]',
  summary: 'Does it.',
  options: {
    rate: { value: 'n', help: 'how fast' },
    service: { value: 's', multiple: true, help: 'whose' },
    json: { help: 'as JSON' },
  },
};

describe('a command line', () => {
  it('gives what was asked for', () => {
    const given = parse(usage, ['7', '--rate', '2', '--service', 'a', '--service=b', '--json']);
    expect([
      given.positionals,
      given.text('rate'),
      given.texts('service'),
      given.has('json'),
      given.has('help'),
    ]).toEqual([['7'], '2', ['a', 'b'], true, false]);
  });

  it.each([
    [['--reate', '1'], "Unknown option '--reate'; --help says what there is."],
    [['--rate'], "Option '--rate <value>' argument missing; --help says what there is."],
    [['--json=1'], "Option '--json' does not take an argument; --help says what there is."],
  ])('refuses %j in one sentence', (args, message) => {
    expect(() => parse(usage, args)).toThrow(new UsageError(message));
  });

  it('explains every option', () => {
    expect(helpOf(usage)).toMatch(
      /^npm run tool -- \[options\]\n\nDoes it\.\n\n {2}--rate <n>\s+how fast\n.*--help\s+say this$/s,
    );
  });
});

describe('a value', () => {
  it('is read by its unit', () => {
    expect(['30s', '10m', '2h', '1d'].map((text) => durationMs('age', text))).toEqual([
      30_000, 600_000, 7_200_000, 86_400_000,
    ]);
    const now = new Date('2026-01-31T12:00:00Z');
    expect(momentOf('older-than', '10m', now)).toBe('2026-01-31T11:50:00.000Z');
    expect(momentOf('older-than', '2026-01-30T00:00:00+01:00', now)).toBe('2026-01-29T23:00:00.000Z');
  });

  it.each([
    () => durationMs('age', '10'),
    () => durationMs('age', '1w'),
    () => momentOf('older-than', 'yesterday', new Date()),
    () => oneOf('status', 'alive', ['dead']),
    () => positiveNumber(parse(usage, ['--rate', '0']), 'rate'),
    () => positiveNumber(parse(usage, ['--rate', '1e3']), 'rate'),
  ])('that means nothing is refused', (read) => expect(read).toThrow(UsageError));
});

describe('a table', () => {
  it('lines its columns up, and lets nobody write to the terminal', () => {
    expect(
      table(
        ['id', 'why'],
        [
          ['order:1', 'first\u001b[31m\nsecond'],
          ['x', 'y'],
        ],
        30,
      ),
    ).toBe('id       why\norder:1  first [31m second\nx        y');
    expect(table(['id'], [['abcdefgh']], 5)).toBe('id\nabcd…');
  });
});
