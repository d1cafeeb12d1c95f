import type { Measurement, SystemRound } from '../src/measurement.js';
import type { Plan } from '../src/plan.js';
import type { OpenFigures } from '../src/turn.js';

const cpu = (each: number) => ({
  order: each,
  inventory: each,
  payment: each,
  database: each,
  broker: each,
  provider: 1,
  generator: 0.1,
});
const memoryBytes = { order: 1e8, inventory: 1e8, payment: 1e8, database: 2e8, broker: 2e8 };

export function openFigures(ratePerSecond: number, latenciesMs: readonly number[]): OpenFigures {
  return {
    ratePerSecond,
    latenciesMs,
    accepted: latenciesMs.length,
    ended: latenciesMs.length,
    turnedAway: 0,
    failures: [],
    settledAfterMs: 40,
    cpuMsPerOrder: 5,
    cpu: cpu(1),
    memoryBytes,
  };
}

export function systemRound(ordersPerSecond: number, cpuMsPerOrder: number): SystemRound {
  return {
    closed: { ordersPerSecond, cpuMsPerOrder, cpu: cpu(cpuMsPerOrder / 5), memoryBytes, foreignShare: 0.03 },
    open: [openFigures(50, [8, 9, 10, 31])],
  };
}

/** Two rounds; in the second one (b) has no result. */
export const measurement: Measurement = {
  rounds: [
    {
      limit: { ordersPerSecond: 1000, databaseCpuMsPerOrder: 1, clients: 16 },
      systems: { ours: systemRound(1200, 1.5), naive: systemRound(200, 10) },
    },
    {
      limit: { ordersPerSecond: 1100, databaseCpuMsPerOrder: 1, clients: 16 },
      systems: { ours: systemRound(900, 1.7) },
    },
  ],
  latency: [
    { share: 0.5, figures: openFigures(500, [10, 12]) },
    { share: 1.2, figures: { ...openFigures(1200, [100, 900]), turnedAway: 7 } },
  ],
  problems: [{ party: 'naive', round: 2, what: '3 times a rule was broken' }],
};

export const plan: Plan = {
  rounds: 2,
  countsTraffic: true,
  warmUpMs: 1,
  closedMs: 1,
  openMs: 1,
  rates: [50],
  shares: [0.5],
  overload: { share: 1.2, forMs: 1 },
  clients: { ours: 64, naive: 16, polling: 16, 'polling-tuned': 16 },
};
