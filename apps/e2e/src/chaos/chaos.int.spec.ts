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
    const text = [...said, textOf(report)].join('\n');
    expect(report.violations.length === 0 ? 'every rule holds' : text).toBe('every rule holds');
    // Whether each single fault meets an order, and how many are confirmed, depends on the machine's speed in a run as short as
    // this; the command fails on it. But most of them meet some anywhere, or nothing was tried.
    const met = report.faults.filter(({ hit }) => hit > 0).length;
    expect(met > allFaultKinds.length / 2 ? 'most faults met orders' : text).toBe('most faults met orders');
  }, 900_000);
});
