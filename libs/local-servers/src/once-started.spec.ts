import { beforeEach, describe, expect, test } from '@jest/globals';
import { onceStarted } from './once-started.js';

describe('rabbitmqctl for a broker that may still be starting', () => {
  let orders: string[];
  let hasStarted: () => void;
  let hasFailed: (error: Error) => void;
  const broker = {
    ctl: async (order: string) => {
      orders.push(order);
      if (order === 'await_startup')
        await new Promise<void>((resolve, reject) => ([hasStarted, hasFailed] = [resolve, reject]));
      return order;
    },
  };
  beforeEach(() => void (orders = []));

  test('gives no order before the broker has started, and asks for that once', async () => {
    const ctl = onceStarted(broker);
    const answers = Promise.all([ctl('one'), ctl('another')]);
    await Promise.resolve();
    expect(orders).toEqual(['await_startup']);
    hasStarted();
    expect(await answers).toEqual(['one', 'another']);
    expect(await ctl('a third')).toBe('a third');
    expect(orders).toEqual(['await_startup', 'one', 'another', 'a third']);
  });

  test('asks again after that could not be told', async () => {
    const ctl = onceStarted(broker);
    const first = ctl('one');
    hasFailed(new Error('no answer'));
    await expect(first).rejects.toThrow('no answer');
    const second = ctl('one');
    hasStarted();
    expect(await second).toBe('one');
    expect(orders).toEqual(['await_startup', 'await_startup', 'one']);
  });
});
