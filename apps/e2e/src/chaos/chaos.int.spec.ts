import { describe, expect, it } from '@jest/globals';
import { allFaultKinds } from './fault-kinds.js';
import { textOf } from './report.js';
import { runChaos } from './run.js';

describe('while everything breaks', () => {
  it('every order ends once, and money, stock and messages add up afterwards', async () => {
    const said: string[] = [];
    const report = await runChaos({
      orders: 500,
      minutes: 0.5,
      seed: 20_251_128,
      kinds: allFaultKinds,
      say: (line) => said.push(line),
    });

    // The whole report, so that a failure can be read.
    expect(report.passed ? 'passed' : [...said, textOf(report)].join('\n')).toBe('passed');
  }, 900_000);
});
