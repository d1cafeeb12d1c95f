import { beforeEach, describe, expect, it } from '@jest/globals';
import { RetryBudget } from './retry-budget.js';

const options = { retryPercent: 10, reserve: 5, retriesPerSecond: 2 };

let nowMs: number;
let budget: RetryBudget;

beforeEach(() => {
  nowMs = 1000;
  budget = new RetryBudget(options, () => nowMs);
});

/** How many retries are allowed until one is not. */
function allowed(upTo = 1000): number {
  let retries = 0;
  while (retries < upTo && budget.retry()) retries += 1;
  return retries;
}

function times(count: number, what: () => void): void {
  for (let time = 0; time < count; time++) what();
}

describe('given a service that was quiet', () => {
  it('when retries come, then its reserve is there for them, and no more', () => {
    expect(allowed()).toBe(5);
  });

  it('when time passes, then what was spent comes back slowly, up to the reserve', () => {
    allowed();
    nowMs += 499;
    expect(allowed()).toBe(0);
    nowMs += 1;
    expect(allowed()).toBe(1);
    nowMs += 1000;
    expect(allowed()).toBe(2);
    nowMs += 3_600_000;
    expect(allowed()).toBe(5);
  });
});

describe('given an empty budget', () => {
  beforeEach(() => {
    allowed();
  });

  it('when first tries come, then ten of them pay for one retry, exactly', () => {
    times(9, () => budget.firstTry());
    expect(allowed()).toBe(0);
    budget.firstTry();
    expect(allowed()).toBe(1);
    times(30, () => budget.firstTry());
    expect(allowed()).toBe(3);
  });

  it('when a retry is refused, then it has spent nothing', () => {
    times(9, () => budget.firstTry());
    times(100, () => budget.retry());
    budget.firstTry();
    expect(allowed()).toBe(1);
  });

  it('when a good hour of first tries has gone by, then no more than the reserve is saved for a bad one', () => {
    times(100_000, () => budget.firstTry());
    expect(allowed()).toBe(5);
  });

  it('when every first try fails, then all tries are 1.1 times the offered load', () => {
    let retries = 0;
    times(1000, () => {
      budget.firstTry();
      budget.failed();
      retries += allowed();
    });
    expect(retries).toBe(100);
  });

  it('when fifty answers come in a row, then what waits may come all at once, until the first failure', () => {
    times(49, () => budget.answered());
    expect(allowed()).toBe(0);
    budget.answered();
    expect(allowed(200)).toBe(200);
    budget.failed();
    expect(allowed()).toBe(0);
  });

  it('when an answer does not come now and then, then the budget holds', () => {
    times(40, () => budget.answered());
    budget.failed();
    times(40, () => budget.answered());
    expect(allowed()).toBe(0);
  });
});
