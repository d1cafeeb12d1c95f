import { describe, expect, it } from '@jest/globals';
import type { FaultKind } from './fault-kinds.js';
import { repeatMissed } from './repeats.js';
import type { PlannedFault } from './schedule.js';

const planned: readonly PlannedFault[] = [
  { kind: 'garbage', atMs: 100, lastsMs: 500, seed: 1 },
  { kind: 'broker-killed', atMs: 200, lastsMs: 700, seed: 2 },
  { kind: 'broker-killed', atMs: 300, lastsMs: 800, seed: 3 },
];

/** Says after the plan, and after each repeat, which kinds have missed. */
async function repeated(...missed: FaultKind[][]) {
  const applied: (readonly PlannedFault[])[] = [];
  const repeats = await repeatMissed({
    planned,
    missed: async () => missed.shift() ?? [],
    apply: async (faults) => void applied.push(faults),
  });
  expect(repeats).toEqual(applied.flat());
  return applied;
}

describe('kinds of fault that met no order', () => {
  it('happen once more after the plan, for their full time and elsewhere', async () => {
    expect(await repeated(['garbage', 'broker-killed'], [])).toEqual([
      [
        { kind: 'garbage', atMs: 0, lastsMs: 1000, seed: 2 },
        { kind: 'broker-killed', atMs: 0, lastsMs: 700, seed: 3 },
      ],
    ]);
  });

  it('happen again until they have met one, and those that have do not', async () => {
    const applied = await repeated(['garbage', 'broker-killed'], ['garbage'], []);
    expect(applied.map((faults) => faults.map(({ kind, seed }) => [kind, seed]))).toEqual([
      [
        ['garbage', 2],
        ['broker-killed', 3],
      ],
      [['garbage', 3]],
    ]);
  });

  it('are given up after three times', async () => {
    expect(await repeated(['garbage'], ['garbage'], ['garbage'], ['garbage'], ['garbage'])).toHaveLength(3);
  });

  it('are none when each kind met one', async () => {
    expect(await repeated([])).toEqual([]);
  });
});
