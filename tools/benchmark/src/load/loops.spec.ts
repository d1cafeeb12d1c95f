import { describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { closedLoop } from './closed-loop.js';
import { openLoop } from './open-loop.js';
import type { Purchase } from './shop.js';

const ended = async (): Promise<Purchase> => ({
  kind: 'accepted',
  orderId: 'o',
  ended: Promise.resolve(performance.now()),
});

describe('the open loop', () => {
  it('counts from the intended time, so that a stall is not hidden', async () => {
    let calls = 0;
    // The generator itself is held up once, and everything that should have been sent meanwhile is late.
    const shop = {
      place: () => {
        if (++calls === 5) {
          const end = performance.now() + 120;
          while (performance.now() < end);
        }
        return ended();
      },
    };
    const { latenciesMs, accepted } = await openLoop({ shop, ratePerSecond: 100, warmUpMs: 0, measureMs: 200 });
    expect(accepted).toBe(20);
    expect(latenciesMs.filter((ms) => ms > 40).length).toBeGreaterThanOrEqual(7);
  });

  it('does not wait for answers', async () => {
    let open = 0;
    let most = 0;
    const shop = {
      place: async () => {
        most = Math.max(most, ++open);
        await pause(300);
        open -= 1;
        return ended();
      },
    };
    await openLoop({ shop, ratePerSecond: 200, warmUpMs: 0, measureMs: 200 });
    expect(most).toBeGreaterThan(20);
  });

  it('tells who was turned away and what failed from what was accepted', async () => {
    const answers: Purchase[] = [{ kind: 'turned-away' }, { kind: 'failed', why: '500' }];
    const shop = { place: async () => answers.pop() ?? ended() };
    const result = await openLoop({ shop, ratePerSecond: 100, warmUpMs: 0, measureMs: 40 });
    expect(result).toMatchObject({ accepted: 2, turnedAway: 1, failures: ['500'] });
  });

  it('leaves the warm-up out', async () => {
    const result = await openLoop({ shop: { place: ended }, ratePerSecond: 100, warmUpMs: 50, measureMs: 50 });
    expect(result).toMatchObject({ accepted: 5 });
    expect(result.latenciesMs).toHaveLength(5);
  });

  it('counts what ended while it measured, and not what was left behind', async () => {
    let number = 0;
    const ends: (() => void)[] = [];
    const shop = {
      place: async (): Promise<Purchase> => {
        const isLeftBehind = ++number > 7;
        const end = new Promise<number>((resolve) => {
          if (isLeftBehind) ends.push(() => resolve(performance.now()));
          else resolve(performance.now());
        });
        return { kind: 'accepted', orderId: 'o', ended: end };
      },
    };
    // At each edge everything has ended that will until the next.
    let edges = 0;
    const atEdges = async () => {
      await pause(10);
      if (++edges === 2) setTimeout(() => ends.forEach((end) => end()), 10);
    };
    const result = await openLoop({ shop, ratePerSecond: 100, warmUpMs: 50, measureMs: 50, atEdges });
    expect(result).toMatchObject({ accepted: 5, ended: 2 });
    expect(result.latenciesMs).toHaveLength(5);
  });
});

describe('the closed loop', () => {
  it('keeps a fixed number of orders under way and counts what ended while it measured', async () => {
    const edges: number[] = [];
    let open = 0;
    let most = 0;
    let finished = 0;
    const shop = {
      place: async (): Promise<Purchase> => {
        most = Math.max(most, ++open);
        const end = pause(10).then(() => {
          open -= 1;
          finished += 1;
          return performance.now();
        });
        return { kind: 'accepted', orderId: 'o', ended: end };
      },
    };
    const result = await closedLoop({
      shop,
      clients: 4,
      warmUpMs: 60,
      measureMs: 100,
      atEdges: () => void edges.push(finished),
    });
    expect(most).toBe(4);
    expect(result.ended).toBe((edges[1] ?? 0) - (edges[0] ?? 0));
    expect(result.failures).toEqual([]);
  });

  it('says what failed', async () => {
    const shop = { place: async (): Promise<Purchase> => ({ kind: 'failed', why: 'refused' }) };
    const { failures, ended: count } = await closedLoop({
      shop,
      clients: 1,
      warmUpMs: 0,
      measureMs: 10,
      atEdges: () => undefined,
    });
    expect({ failures: failures[0], count }).toEqual({ failures: 'refused', count: 0 });
  });
});
