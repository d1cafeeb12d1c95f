import { describe, expect, it } from '@jest/globals';
import { help, Misunderstanding, parseCommandLine } from './command-line.js';
import { allFaultKinds } from './fault-kinds.js';

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(parseCommandLine([])).toEqual({
      orders: 5000,
      minutes: 5,
      seed: 7,
      kinds: allFaultKinds,
      json: false,
      help: false,
    });
  });

  it('takes what it is told', () => {
    const told = ['--orders', '300', '--minutes', '1.5', '--seed', '0', '--faults', 'garbage,broker-killed', '--json'];
    expect(parseCommandLine(told)).toMatchObject({
      orders: 300,
      minutes: 1.5,
      seed: 0,
      kinds: ['garbage', 'broker-killed'],
      json: true,
    });
  });

  it('names every kind of fault in its help', () => {
    for (const kind of allFaultKinds) expect(help).toContain(kind);
  });

  it.each([
    [['--orders', 'many'], '--orders must be a whole number of at least 50, not "many".'],
    [['--orders', '100.5'], '--orders must be a whole number'],
    [['--minutes', '0'], '--minutes must be a number of at least 0.5'],
    [['--faults', 'earthquake'], '"earthquake" is no fault. Known are replica-killed, '],
    [['--loud'], "Unknown option '--loud'"],
    [['loud'], 'Unexpected argument'],
  ])('says about %j what is wrong', (args, sentence) => {
    expect(() => parseCommandLine(args)).toThrow(Misunderstanding);
    expect(() => parseCommandLine(args)).toThrow(sentence);
  });
});
