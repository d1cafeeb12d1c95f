/** Chance that can be repeated: xorshift128 (Marsaglia 2003), seeded by splitmix32. The same seed gives the same run, to the last step. */
export class Random {
  private x: number;
  private y: number;
  private z: number;
  private w: number;

  constructor(seed: number) {
    let state = seed >>> 0;
    const splitmix = () => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    this.x = splitmix();
    this.y = splitmix();
    this.z = splitmix();
    this.w = splitmix() | 1;
  }

  /** An integer of 0 ... 2^32 - 1. */
  next(): number {
    const shifted = this.x ^ (this.x << 11);
    this.x = this.y;
    this.y = this.z;
    this.z = this.w;
    this.w = (this.w ^ (this.w >>> 19) ^ (shifted ^ (shifted >>> 8))) >>> 0;
    return this.w;
  }

  /** An integer of 0 ... limit - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability * 0x1_0000_0000;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** Takes one of the items out of the list; the order of the others is not kept. */
  takeAny<Item>(items: Item[]): Item {
    const index = this.below(items.length);
    const item = items[index];
    const last = items.pop();
    if (item === undefined || last === undefined) throw new Error('there is nothing to take');
    if (index < items.length) items[index] = last;
    return item;
  }
}
