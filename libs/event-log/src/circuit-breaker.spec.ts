import { beforeEach, describe, expect, it } from '@jest/globals';
import { CircuitBreaker } from './circuit-breaker.js';

let nowMs: number;
let breaker: CircuitBreaker;

beforeEach(() => {
  nowMs = 1000;
  breaker = new CircuitBreaker({ failuresInARow: 3, openMs: 500 }, () => nowMs);
});

const fail = (times: number) => Array.from({ length: times }, () => breaker.failed('call'));

describe('given a breaker that is closed', () => {
  it('when nothing fails, then everybody passes', () => {
    expect([breaker.enter(), breaker.enter()]).toEqual(['call', 'call']);
    expect(breaker.state).toBe('closed');
  });

  it('when so many fail in a row, then it opens', () => {
    expect(fail(3)).toEqual([false, false, true]);
    expect(breaker.state).toBe('open');
    expect(breaker.enter()).toBeNull();
    expect(breaker.waitMs).toBe(500);
  });

  it('when an answer comes between, then counting begins anew', () => {
    fail(2);
    breaker.answered('call');
    fail(2);
    expect(breaker.state).toBe('closed');
  });
});

describe('given a breaker that is open', () => {
  beforeEach(() => {
    fail(3);
  });

  it('when its time is over, then one passes for all', () => {
    nowMs += 499;
    expect(breaker.enter()).toBeNull();
    nowMs += 1;
    expect([breaker.enter(), breaker.enter(), breaker.enter()]).toEqual(['probe', null, null]);
    expect(breaker.state).toBe('half-open');
  });

  it('when the probe is answered, then it is closed', () => {
    nowMs += 500;
    breaker.enter();
    breaker.answered('probe');
    expect(breaker.state).toBe('closed');
    expect(breaker.enter()).toBe('call');
  });

  it('when the probe fails, then it is open for as long again, and the next one finds out', () => {
    nowMs += 500;
    breaker.enter();
    breaker.failed('probe');
    expect(breaker.state).toBe('open');
    nowMs += 499;
    expect(breaker.enter()).toBeNull();
    nowMs += 1;
    expect(breaker.enter()).toBe('probe');
  });

  it('when those who passed before it opened come back, then they neither close it nor keep it open', () => {
    nowMs += 400;
    fail(3);
    breaker.answered('call');
    expect(breaker.state).toBe('open');
    expect(breaker.waitMs).toBe(100);
  });
});
