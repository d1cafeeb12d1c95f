import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { EventLog } from '@quadrille/event-log';
import { ServiceLogger } from '@quadrille/service-host';
import { silentLogger } from '@quadrille/observability';
import type { Order, OrderCommand, OrderEvent } from '../domain/index.js';
import type { Orders } from '../storage/orders.js';
import { OrderEnds } from './order-ends.js';

/** The read model and the log's signal, as far as waiting needs them. */
let ended: Set<string>;
let looks: string[][];
let isAway: boolean;
let signal: () => void;
let ends: OrderEnds;

beforeEach(() => {
  jest.useFakeTimers();
  ended = new Set();
  looks = [];
  isAway = false;
  const orders = {
    endedOf: async (ids: readonly string[]) => {
      looks.push([...ids]);
      if (isAway) throw new Error('the database is away');
      return ids.filter((id) => ended.has(id));
    },
  } as Orders;
  const eventLog = { onEvents: (listener: () => void) => (signal = listener) };
  ends = new OrderEnds(
    orders,
    new ServiceLogger(silentLogger),
    eventLog as unknown as EventLog<OrderCommand, Order, OrderEvent>,
  );
});

afterEach(() => {
  jest.useRealTimers();
});

describe('waiting for the end of an order', () => {
  it('is over soon after the signal of the commit that ended it', async () => {
    const waiting = isOver(ends.ended('a', 30_000));
    await jest.advanceTimersByTimeAsync(100);
    ended.add('a');
    signal();
    await jest.advanceTimersByTimeAsync(100);
    expect(waiting.over).toBe(true);
  });

  it('is over when the order had ended just before', async () => {
    ended.add('a');
    const waiting = isOver(ends.ended('a', 30_000));
    await jest.advanceTimersByTimeAsync(100);
    expect(waiting.over).toBe(true);
  });

  it('is over a little later when the signal was lost', async () => {
    const waiting = isOver(ends.ended('a', 30_000));
    await jest.advanceTimersByTimeAsync(100);
    ended.add('a');
    await jest.advanceTimersByTimeAsync(2_000);
    expect(waiting.over).toBe(true);
  });

  it('is over when the time has passed, and not before', async () => {
    const waiting = isOver(ends.ended('a', 5_000));
    await jest.advanceTimersByTimeAsync(4_900);
    expect(waiting.over).toBe(false);
    await jest.advanceTimersByTimeAsync(200);
    expect(waiting.over).toBe(true);
  });

  it('goes on through an outage of the database', async () => {
    isAway = true;
    const waiting = isOver(ends.ended('a', 30_000));
    await jest.advanceTimersByTimeAsync(3_000);
    expect(waiting.over).toBe(false);
    isAway = false;
    ended.add('a');
    await jest.advanceTimersByTimeAsync(2_000);
    expect(waiting.over).toBe(true);
  });

  it('is over for all when the service stops, and nobody waits any more', async () => {
    const waiting = [isOver(ends.ended('a', 30_000)), isOver(ends.ended('b', 30_000))];
    await jest.advanceTimersByTimeAsync(10);
    ends.beforeApplicationShutdown();
    waiting.push(isOver(ends.ended('c', 30_000)));
    await jest.advanceTimersByTimeAsync(0);
    expect(waiting.map(({ over }) => over)).toEqual([true, true, true]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('the price of waiting', () => {
  it('is one look for all who wait, however many signals come at once', async () => {
    const waiting = Array.from({ length: 1_000 }, (_, index) => isOver(ends.ended(`${index % 10}`, 30_000)));
    for (let count = 0; count < 100; count++) signal();
    await jest.advanceTimersByTimeAsync(60);
    expect(looks).toEqual([Array.from({ length: 10 }, (_, index) => `${index}`)]);
    expect(waiting.some(({ over }) => over)).toBe(false);
  });

  it('is at most one look in 50 ms under a storm of signals', async () => {
    isOver(ends.ended('a', 30_000));
    for (let count = 0; count < 1_000; count++) {
      signal();
      await jest.advanceTimersByTimeAsync(1);
    }
    expect(looks.length).toBeGreaterThan(10);
    expect(looks.length).toBeLessThanOrEqual(20);
  });

  it('is nothing while nobody waits', async () => {
    const waiting = isOver(ends.ended('a', 1_000));
    await jest.advanceTimersByTimeAsync(1_100);
    expect(waiting.over).toBe(true);
    const before = looks.length;
    for (let count = 0; count < 10; count++) {
      signal();
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(looks).toHaveLength(before);
    expect(jest.getTimerCount()).toBe(0);
  });
});

function isOver(promise: Promise<void>): { over: boolean } {
  const waiting = { over: false };
  void promise.then(() => (waiting.over = true));
  return waiting;
}
