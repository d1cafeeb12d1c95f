import { describe, expect, it } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import { Unacknowledged } from './unacknowledged.js';

const message = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage;

describe('the fewest acknowledgements', () => {
  const settle = (delivered: number[], ...calls: number[][]) => {
    const unacknowledged = new Unacknowledged();
    delivered.forEach((tag) => unacknowledged.add(message(tag)));
    return calls.map((tags) =>
      unacknowledged
        .settle(tags.map(message))
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
