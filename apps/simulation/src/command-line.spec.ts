import { describe, expect, it } from '@jest/globals';
import { help, Misunderstanding, parseCommandLine } from './command-line.js';
import { allFaults } from './faults.js';

describe('the command line', () => {
  it('asks for a thousand runs of twenty orders with everything that can go wrong', () => {
    expect(parseCommandLine([])).toEqual({
      seeds: 1000,
      seed: null,
      orders: 20,
      faults: new Set(allFaults),
      history: false,
      help: false,
    });
  });

  it('replays one seed with fewer orders and faults', () => {
    const { seed, orders, faults, history } = parseCommandLine(
      '--seed 7 --orders 1 --faults crash,reorder --history'.split(' '),
    );
    expect({ seed, orders, faults, history }).toEqual({
      seed: 7,
      orders: 1,
      faults: new Set(['crash', 'reorder']),
      history: true,
    });
    expect(parseCommandLine(['--faults', 'none']).faults.size).toBe(0);
  });

  it.each([
    [['--seeds', '0'], '--seeds must be a whole number of at least 1, not "0".'],
    [['--orders', 'many'], '--orders must be a whole number of at least 1, not "many".'],
    [['--seed', '-1'], '--seed'],
    [['--seed', '1.5'], '--seed must be a whole number of at least 0, not "1.5".'],
    [['--faults', 'crash,earthquake'], 'there is no fault "earthquake"; there are duplicate, reorder'],
    [['--sedes', '5'], "Unknown option '--sedes'"],
    [['5'], 'Unexpected argument'],
  ])('does not follow %j, and says why', (args, reason) => {
    expect(() => parseCommandLine(args)).toThrow(Misunderstanding);
    expect(() => parseCommandLine(args)).toThrow(reason);
  });

  it('explains every fault', () => {
    for (const fault of allFaults) expect(help).toContain(fault);
  });
});
