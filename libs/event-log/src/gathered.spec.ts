import { describe, expect, it } from '@jest/globals';
import { Gathered, type BatchSize, type Linger } from './gathered.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Its first batch is under way until the spec ends it; each item is answered with ten times as much. */
function heldAtFirst(batchSize?: BatchSize<number>, linger?: Linger<number>) {
  const batches: number[][] = [];
  let endFirst: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (endFirst = resolve));
  const work = async (items: readonly number[]) => {
    batches.push([...items]);
    if (batches.length === 1) await first;
    return items.map((item) => item * 10);
  };
  return { batches, endFirst, gathered: new Gathered(work, batchSize, linger) };
}

describe('what is gathered', () => {
  it('is worked on together while a batch is under way, and each gets its own answer', async () => {
    const { batches, endFirst, gathered } = heldAtFirst(() => 3);

    const one = gathered.run(1);
    await turn();
    await turn();
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

describe('between two batches', () => {
  /** After the first batch for so long that only company ends it. */
  const afterFirst = ([first]: readonly number[]) => (first === 1 ? 60_000 : 0);

  function lingering(linger: Linger<number>) {
    const batches: number[][] = [];
    const gathered = new Gathered(
      async (items: readonly number[]) => {
        batches.push([...items]);
        return items;
      },
      undefined,
      linger,
    );
    return { batches, gathered };
  }

  it('company is waited for, what comes meanwhile shares the next batch, and a full one goes at once', async () => {
    const isFull = (waiting: readonly number[]) => waiting.length === 3;
    const { batches, gathered } = lingering({ afterMs: afterFirst, isFull });

    await gathered.run(1);
    const others = [gathered.run(2)];
    await turn();
    others.push(gathered.run(3));
    await turn();
    expect(batches).toEqual([[1]]);
    others.push(gathered.run(4));

    expect(await Promise.all(others)).toEqual([2, 3, 4]);
    expect(batches).toEqual([[1], [2, 3, 4]]);
  });

  it('nobody is waited for when the next one became full while the last was under way', async () => {
    const isFull = (waiting: readonly number[]) => waiting.length >= 2;
    const { batches, endFirst, gathered } = heldAtFirst(undefined, { afterMs: afterFirst, isFull });

    const one = gathered.run(1);
    await turn();
    const others = [gathered.run(2), gathered.run(3)];
    await turn();
    endFirst();

    expect(await Promise.all([one, ...others])).toEqual([10, 20, 30]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('the wait has an end, however little company came', async () => {
    const { batches, gathered } = lingering({ afterMs: () => 10, isFull: () => false });

    await gathered.run(1);
    await gathered.run(2);

    expect(batches).toEqual([[1], [2]]);
  });

  it('nobody is waited for when the wait would be shorter than a millisecond', async () => {
    const { batches, gathered } = lingering({ afterMs: () => 0.9, isFull: () => false });

    await gathered.run(1);
    const two = gathered.run(2);
    await turn();

    expect(batches).toEqual([[1], [2]]);
    await two;
  });

  it('the wait depends on what the last batch was', async () => {
    const asked: { batch: readonly number[]; tookMs: number }[] = [];
    const { gathered } = lingering({
      afterMs: (batch, tookMs) => {
        asked.push({ batch, tookMs });
        return 0;
      },
      isFull: () => false,
    });

    await Promise.all([gathered.run(1), gathered.run(2)]);
    await turn();

    expect(asked).toEqual([{ batch: [1, 2], tookMs: expect.any(Number) }]);
  });
});
