import { describe, expect, it } from '@jest/globals';
import { Backoff } from './backoff.js';

describe('the waits between attempts to reach the broker', () => {
  it('grow, are jittered, and stay between 0.1 and 10 seconds', () => {
    const ceilings = Array<number>(12).fill(0);
    for (let run = 0; run < 500; run++) {
      const backoff = new Backoff();
      ceilings.forEach((ceiling, n) => {
        const delayMs = backoff.nextDelayMs();
        expect(delayMs).toBeGreaterThanOrEqual(100);
        ceilings[n] = Math.max(ceiling, delayMs);
      });
    }
    expect(ceilings[0]).toBeLessThanOrEqual(200);
    expect(ceilings[1]).toBeGreaterThan(200);
    expect(ceilings[11]).toBeGreaterThan(8_000);
    expect(Math.max(...ceilings)).toBeLessThanOrEqual(10_000);
  });

  it('start anew after a success', () => {
    const backoff = new Backoff();
    for (let n = 0; n < 10; n++) backoff.nextDelayMs();
    backoff.reset();
    expect(backoff.nextDelayMs()).toBeLessThanOrEqual(200);
  });
});
