import { describe, expect, it } from '@jest/globals';
import { Gathered } from './gathered.js';

describe('what is gathered', () => {
  it('is worked on together while a batch is under way, and each gets its own answer', async () => {
    const batches: number[][] = [];
    let endFirst: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (endFirst = resolve));
    const gathered = new Gathered(
      async (items: readonly number[]) => {
        batches.push([...items]);
        if (batches.length === 1) await first;
        return items.map((item) => item * 10);
      },
      () => 3,
    );

    const one = gathered.run(1);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const others = [2, 3, 4, 5].map((item) => gathered.run(item));
    endFirst();

    expect(await Promise.all([one, ...others])).toEqual([10, 20, 30, 40, 50]);
    expect(batches).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('in one turn of the event loop is together from the start', async () => {
    const sizes: number[] = [];
    const gathered = new Gathered(async (items: readonly number[]) => {
      sizes.push(items.length);
      return items;
    });

    await Promise.all([gathered.run(1), gathered.run(2)]);

    expect(sizes).toEqual([2]);
  });

  it('fails together, and the next batch goes on', async () => {
    let failing = true;
    const gathered = new Gathered(async (items: readonly number[]) => {
      if (failing) throw new Error('away');
      return items;
    });

    const both = [gathered.run(1), gathered.run(2)];
    for (const one of both) await expect(one).rejects.toThrow('away');
    failing = false;

    expect(await gathered.run(3)).toBe(3);
  });
});
