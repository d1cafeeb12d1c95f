import { describe, expect, it } from '@jest/globals';
import { findingOf } from './suite-run.js';

const report = (...tests: readonly [status: string, failure?: string][]) => ({
  testResults: [
    {
      message: 'Cannot find module ./gone.js\nand more',
      assertionResults: tests.map(([status, failure]) => ({
        status,
        failureMessages: failure === undefined ? [] : [failure],
      })),
    },
  ],
});

describe('the report of a suite', () => {
  it('tells a test that fails by what it expects', () => {
    const failure = 'Error: \u001b[2mexpect(\u001b[22mreceived).toBe(expected)\n\nand more';
    expect(findingOf(report(['pending'], ['passed'], ['failed', failure]))).toEqual({
      kind: 'failed',
      why: 'Error: expect(received).toBe(expected)',
    });
  });

  it('tells a test that passes', () => {
    expect(findingOf(report(['pending'], ['passed']))).toEqual({ kind: 'passed' });
  });

  it('proves nothing when no test ran', () => {
    expect(findingOf(report(['pending']))).toEqual({ kind: 'nothing', why: 'Cannot find module ./gone.js' });
  });

  it.each(['ReferenceError: held is not defined', 'TypeError: tx.query is not a function', 'SyntaxError: Unexpected'])(
    'proves nothing when the code does not even work: %s',
    (why) => {
      expect(findingOf(report(['failed', why]))).toEqual({ kind: 'nothing', why });
    },
  );
});
