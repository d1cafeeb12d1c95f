import { describe, expect, it } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import { Unacknowledged } from './unacknowledged.js';

const message = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage;

describe('the fewest acknowledgements', () => {
  const settle = (delivered: number[], ...calls: number[][]) => {
    const unacknowledged = new Unacknowledged();
    const messages = new Map(delivered.map((tag) => [tag, message(tag)]));
    for (const one of messages.values()) unacknowledged.add([one]);
    return calls.map((tags) =>
      unacknowledged
        .settle(tags.map((tag) => messages.get(tag) ?? message(tag)))
        .map((one) => `${one.message.fields.deliveryTag}${one.allUpTo ? ' and all before' : ''}`),
    );
  };

  it('is one for all that came first', () => {
    expect(settle([1, 2, 3, 4], [1, 2, 3])).toEqual([['3 and all before']]);
    expect(settle([1, 2, 3, 4], [3, 1, 2])).toEqual([['3 and all before']]);
  });

  it('is one each for those behind a message that is left', () => {
    expect(settle([1, 2, 3, 4], [1, 3, 4])).toEqual([['1', '3', '4']]);
    expect(settle([1, 2, 3, 4, 5], [1, 2, 4])).toEqual([['2 and all before', '4']]);
  });

  it('covers what was settled in between', () => {
    expect(settle([1, 2, 3, 4], [2], [1, 3])).toEqual([['2'], ['3 and all before']]);
  });

  it('is none for what was settled or never delivered', () => {
    expect(settle([1, 2], [1], [1], [7])).toEqual([['1'], [], []]);
  });
});

describe('a message of several events', () => {
  const [one, other, next] = [message(1), message(1), message(2)];
  const unacknowledged = () => {
    const all = new Unacknowledged();
    all.add([one, other]);
    all.add([next]);
    return all;
  };

  it('is acknowledged with the last of them, in whatever order they are settled', () => {
    const all = unacknowledged();
    expect(all.settle([other])).toEqual([]);
    expect(all.settle([other])).toEqual([]);
    expect(all.settle([one])).toEqual([{ message: one, allUpTo: false }]);
  });

  it('keeps those behind it from being acknowledged with all before', () => {
    const all = unacknowledged();
    expect(all.settle([one, next])).toEqual([{ message: next, allUpTo: false }]);
    expect(all.settle([other])).toEqual([{ message: other, allUpTo: false }]);
  });

  it('is acknowledged together with those behind it', () => {
    expect(unacknowledged().settle([one, other, next])).toEqual([{ message: next, allUpTo: true }]);
  });

  it('is given back as a whole, once', () => {
    const all = unacknowledged();
    all.settle([one]);
    expect(all.giveBack(other)).toBe(true);
    expect(all.giveBack(one)).toBe(false);
    expect(all.settle([other])).toEqual([]);
  });
});
