import { describe, expect, it } from '@jest/globals';
import { lifetimesOf, stepsOf } from './impact.js';
import { type Findings, makeReport, textOf, violationsShownMax } from './report.js';

const happenings = [
  { service: 'order', type: 'Placed', at: 1000, id: 'p', causationId: 'c', orderId: 'o1' },
  { service: 'inventory', type: 'Reserved', at: 2000, id: 'r', causationId: 'p', orderId: 'o1' },
  { service: 'order', type: 'Confirmed', at: 4000, id: 'f', causationId: 'r', orderId: 'o1' },
] as const;
const order = { id: 'o1', customerId: 'ada', status: 'confirmed', reason: null, totalMinor: 1, lines: [] };
const planned = { kind: 'broker-killed', atMs: 500, lastsMs: 1000, seed: 1 } as const;
const fault = { kind: 'broker-killed', what: 'RabbitMQ', at: 1500, until: 2500, reaches: () => true } as const;
const good: Omit<Findings, 'arena'> = {
  seed: 7,
  orders: 1,
  planned: [planned],
  faults: [fault],
  failures: [],
  purchases: [{ customerId: 'ada', key: 'k', order: { lines: [] }, hot: false }],
  history: { orders: [order], happenings },
  steps: stepsOf({ happenings }),
  lifetimes: lifetimesOf({ happenings }),
  violations: [],
  garbage: 0,
  began: 0,
  faultsEndedAt: 3000,
  settledAt: 5000,
};

describe('the report', () => {
  it('of a good run says what was planned, what was hit and how long it took to recover', () => {
    const report = makeReport(good);
    expect(report).toMatchObject({ passed: true, shortcomings: [], orders: { confirmed: 1, confirmedShare: 1 } });
    expect(report.faults).toEqual([
      {
        kind: 'broker-killed',
        planned: 1,
        hit: 1,
        struck: 1,
        met: 2,
        what: ['1 inventory Reserved', '1 order Confirmed'],
        recoverySeconds: { median: 1.5, longest: 1.5 },
      },
    ]);
    expect(textOf(report)).toMatch(/broker-killed +1 +1 +1 +2 +1\.5 to 1\.5 +1 inventory Reserved/);
    expect(textOf(report)).toMatch(/every rule holds$/);
  });

  it.each<[string, Partial<Findings>, string]>([
    ['a kind of fault met nothing', { faults: [{ ...fault, reaches: () => false }] }, 'broker-killed met no work'],
    ['a planned kind never happened', { faults: [] }, 'broker-killed met no work'],
    ['a fault could not be mended', { failures: ['broker-killed: gone'] }, 'broker-killed: gone'],
    [
      'too few orders were confirmed',
      { history: { orders: [{ ...order, status: 'cancelled' }], happenings } },
      'only 0.0 % of the orders were confirmed, less than 30.0 %',
    ],
    ['not all orders were placed', { orders: 2 }, 'only 1 of 2 orders were placed'],
    [
      'a rule is broken',
      { violations: [{ rule: 4, orderId: 'o1', what: 'was charged twice', timeline: ['first this', 'then that'] }] },
      'rule 4 is broken for order o1: was charged twice\n    first this\n    then that',
    ],
  ])('fails when %s', (_what, change, words) => {
    const report = makeReport({ ...good, ...change });
    expect(report.passed).toBe(false);
    expect(textOf(report)).toContain(words);
  });

  it('shows every violation with its timeline, or says in which file the rest is', () => {
    const violations = Array.from({ length: violationsShownMax + 2 }, (_, place) => ({
      rule: 1,
      orderId: `order-${place + 1}`,
      what: 'is still pending',
      timeline: [`timeline of ${place + 1}`],
    }));
    const report = makeReport({ ...good, violations });
    const { length } = violations;

    expect(textOf(report).match(/ {4}timeline of \d+$/gm)).toHaveLength(length);
    const short = textOf(report, { restIsIn: 'report.txt' });
    expect(short.match(/ {4}timeline of \d+$/gm)).toHaveLength(violationsShownMax);
    expect(short).toContain('and 2 violations more, each with its timeline: report.txt');
    expect(short).toMatch(new RegExp(`${length} violations$`));
  });
});
