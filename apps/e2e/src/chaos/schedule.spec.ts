import { describe, expect, it } from '@jest/globals';
import { allFaultKinds, definitionOf, type FaultKind } from './fault-kinds.js';
import { planFaults } from './schedule.js';

const fiveMinutes = { runMs: 300_000, kinds: allFaultKinds };
const seeds = Array.from({ length: 50 }, (_, seed) => seed);

const kindsOf = (lanes: ReturnType<typeof planFaults>) => lanes.flat().map(({ kind }) => kind);

describe('a schedule of faults', () => {
  it('is the same for the same seed, and another one for another seed', () => {
    expect(planFaults({ ...fiveMinutes, seed: 7 })).toEqual(planFaults({ ...fiveMinutes, seed: 7 }));
    expect(planFaults({ ...fiveMinutes, seed: 7 })).not.toEqual(planFaults({ ...fiveMinutes, seed: 8 }));
  });

  it.each([40_000, 70_000, 300_000])('of %d ms has every kind in it, and faults that meet', (runMs) => {
    for (const seed of seeds) {
      const lanes = planFaults({ runMs, kinds: allFaultKinds, seed });
      expect(new Set(kindsOf(lanes))).toEqual(new Set(allFaultKinds));
      const [one, other] = lanes;
      expect(one!.some((a) => other!.some((b) => a.atMs < b.atMs + b.lastsMs && b.atMs < a.atMs + a.lastsMs))).toBe(
        true,
      );
    }
  });

  it('has each fault end before the run does, each kind again when there is time, and hot SKUs once', () => {
    for (const seed of seeds) {
      const lanes = planFaults({ ...fiveMinutes, seed });
      for (const { atMs, lastsMs } of lanes.flat()) expect(atMs + lastsMs).toBeLessThan(fiveMinutes.runMs);
      const count = (kind: FaultKind) => kindsOf(lanes).filter((other) => other === kind).length;
      for (const kind of allFaultKinds) expect(count(kind)).toBeGreaterThanOrEqual(kind === 'hot-sku' ? 1 : 2);
      expect(count('hot-sku')).toBe(1);
    }
  });

  it('never has two faults of one group at the same time', () => {
    for (const seed of seeds) {
      const byTime = planFaults({ ...fiveMinutes, seed })
        .flat()
        .sort((a, b) => a.atMs - b.atMs);
      const busyUntil = new Map<string, number>();
      for (const { kind, atMs, lastsMs } of byTime) {
        const { group } = definitionOf(kind);
        expect(atMs).toBeGreaterThanOrEqual(busyUntil.get(group) ?? 0);
        busyUntil.set(group, atMs + lastsMs);
      }
    }
  });

  it('has only what was asked for', () => {
    const kinds = ['broker-killed', 'garbage'] as const;
    expect(new Set(kindsOf(planFaults({ runMs: 60_000, kinds, seed: 1 })))).toEqual(new Set(kinds));
    expect(kindsOf(planFaults({ runMs: 60_000, kinds: ['hot-sku'], seed: 1 }))).toEqual(['hot-sku']);
    expect(planFaults({ runMs: 60_000, kinds: [], seed: 1 }).flat()).toEqual([]);
  });
});
