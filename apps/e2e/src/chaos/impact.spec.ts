import { describe, expect, it } from '@jest/globals';
import type { Happening } from './history.js';
import { type AppliedFault, impactOf, lifetimesOf, recoveryMs, stepsOf } from './impact.js';

const happened = (service: Happening['service'], type: string, at: number, causationId = 'a client'): Happening => ({
  service,
  type,
  at,
  causationId,
  id: `${service} ${type}`,
  orderId: 'o1',
});
const happenings = [
  happened('order', 'Placed', 100),
  happened('inventory', 'Reserved', 120, 'order Placed'),
  happened('payment', 'AmountKnown', 130, 'order Placed'),
  happened('payment', 'ChargeRequested', 150, 'inventory Reserved'),
  happened('payment', 'Captured', 400, 'inventory Reserved'),
  happened('order', 'Confirmed', 420, 'payment Captured'),
];
const steps = stepsOf({ happenings });
const fault = (at: number, until: number, reaches: AppliedFault['reaches'] = () => true): AppliedFault => ({
  kind: 'broker-killed',
  what: 'RabbitMQ',
  at,
  until,
  reaches,
});

describe('the steps of an order', () => {
  it('reach from what caused them, or from the step of the same service before, to what they led to', () => {
    expect(steps.map(({ service, type, causedBy, from, to }) => [service, type, causedBy, from, to])).toEqual([
      ['inventory', 'Reserved', 'order', 100, 120],
      ['payment', 'AmountKnown', 'order', 100, 130],
      ['payment', 'ChargeRequested', 'inventory', 130, 150],
      ['payment', 'Captured', 'inventory', 150, 400],
      ['order', 'Confirmed', 'payment', 400, 420],
    ]);
  });
});

describe('the impact of a fault', () => {
  it('is what was in flight when it struck, and what was while it lasted', () => {
    expect(impactOf(fault(125, 160), steps)).toEqual({
      struck: 1,
      met: 3,
      what: [
        ['payment AmountKnown', 1],
        ['payment ChargeRequested', 1],
        ['payment Captured', 1],
      ],
    });
  });

  it('leaves out what it does not reach, and what was before or after', () => {
    expect(
      impactOf(
        fault(125, 160, ({ service }) => service === 'order'),
        steps,
      ).met,
    ).toBe(0);
    expect(impactOf(fault(0, 99), steps).met).toBe(0);
    expect(impactOf(fault(421, 500), steps).met).toBe(0);
  });
});

describe('the recovery from a fault', () => {
  const lifetimes = lifetimesOf({ happenings });

  it('lasts until the last order ended that was under way when the fault did', () => {
    expect(lifetimes).toEqual([{ orderId: 'o1', placedAt: 100, endedAt: 420 }]);
    expect(recoveryMs(fault(90, 300), lifetimes)).toBe(120);
  });

  it('is unknown when no order was', () => {
    expect(recoveryMs(fault(1, 50), lifetimes)).toBeNull();
    expect(recoveryMs(fault(1, 430), lifetimes)).toBeNull();
  });
});
