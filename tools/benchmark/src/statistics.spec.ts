import { describe, expect, it } from '@jest/globals';
import { median, percentile, ratiosPerRound, spreadOf } from './statistics.js';

describe('median', () => {
  it('is the one in the middle, or half way between the two', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([5, 1, 9, 7])).toBe(6);
  });

  it('of nothing is a mistake and not a number', () => {
    expect(() => median([])).toThrow('nothing');
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it('is a value that was measured', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile([3], 0.99)).toBe(3);
  });

  it('does not lose a stall among few', () => {
    expect(percentile([1, 1, 1, 900], 0.99)).toBe(900);
  });
});

it('a spread has the least and the most beside the median', () => {
  expect(spreadOf([4, 2, 9])).toEqual({ median: 4, least: 2, most: 9 });
});

describe('ratios per round', () => {
  it('compare neighbours in time', () => {
    expect(ratiosPerRound([100, 50], [10, 10])).toEqual([10, 5]);
  });

  it('leave a round out in which one has no result', () => {
    expect(ratiosPerRound([100, undefined, 60], [undefined, 10, 10])).toEqual([6]);
  });
});
