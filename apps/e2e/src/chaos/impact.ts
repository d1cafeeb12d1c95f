import type { ServiceName } from '@quadrille/contracts';
import type { FaultKind } from './fault-kinds.js';
import type { Happening, History } from './history.js';

/** One step of an order: from what caused it to what it led to. Between the two it is work in flight. */
export interface Step {
  readonly orderId: string;
  readonly service: ServiceName;
  /** The event that ended it. */
  readonly type: string;
  /** Who announced what it waited for, or null for a client or the service itself. */
  readonly causedBy: ServiceName | null;
  readonly from: number;
  readonly to: number;
}

/** A fault as it was: between `at` and `until` something was broken. */
export interface AppliedFault {
  readonly kind: FaultKind;
  readonly what: string;
  readonly at: number;
  readonly until: number;
  /** Whether this step, had it been in flight, would have met the fault. */
  readonly reaches: (step: Step) => boolean;
}

export interface Impact {
  /** Steps that were in flight when it struck. */
  readonly struck: number;
  /** Steps that were in flight while it lasted, those included. */
  readonly met: number;
  /** What they were, the most frequent first. */
  readonly what: readonly (readonly [step: string, count: number])[];
}

export function stepsOf({ happenings }: Pick<History, 'happenings'>): readonly Step[] {
  const byId = new Map(happenings.map((happening) => [happening.id, happening]));
  const lastOfStream = new Map<string, Happening>();
  return happenings.flatMap((happening) => {
    const { service, orderId, type, causationId, at } = happening;
    const stream = `${service} ${orderId}`;
    const before = lastOfStream.get(stream);
    lastOfStream.set(stream, happening);
    const cause = byId.get(causationId);
    // The later of the two: what had to be there before this step could be taken.
    const from = Math.max(cause?.at ?? 0, before?.at ?? 0);
    if (from === 0) return [];
    const causedBy = cause && cause.service !== service ? cause.service : null;
    return [{ orderId, service, type, causedBy, from, to: at }];
  });
}

export function impactOf({ at, until, reaches }: AppliedFault, steps: readonly Step[]): Impact {
  const met = steps.filter((step) => step.from <= until && step.to >= at && reaches(step));
  const counts = new Map<string, number>();
  for (const { service, type } of met) {
    const name = `${service} ${type}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return {
    struck: met.filter(({ from }) => from <= at).length,
    met: met.length,
    what: [...counts].sort(([, a], [, b]) => b - a),
  };
}

/** Those of the kinds of which no fault has met a step. A step is known when it has ended. */
export function missedKinds(
  kinds: readonly FaultKind[],
  faults: readonly AppliedFault[],
  steps: readonly Step[],
): readonly FaultKind[] {
  return kinds.filter((kind) => !faults.some((fault) => fault.kind === kind && impactOf(fault, steps).met > 0));
}

const ends = new Set(['Confirmed', 'Cancelled']);

export interface Lifetime {
  readonly orderId: string;
  readonly placedAt: number;
  /** When it was confirmed, or cancelled instead. */
  readonly endedAt: number;
}

export function lifetimesOf({ happenings }: Pick<History, 'happenings'>): readonly Lifetime[] {
  const placed = new Map<string, number>();
  const ended = new Map<string, number>();
  for (const { service, orderId, type, at } of happenings) {
    if (service !== 'order') continue;
    if (type === 'Placed') placed.set(orderId, at);
    else if (ends.has(type) && !ended.has(orderId)) ended.set(orderId, at);
  }
  return [...placed].map(([orderId, placedAt]) => ({ orderId, placedAt, endedAt: ended.get(orderId) ?? Infinity }));
}

/**
 * How long after the end of the fault the last of the orders ended that were under way then. Null: there was none. What
 * breaks next may make it longer.
 */
export function recoveryMs({ until }: AppliedFault, lifetimes: readonly Lifetime[]): number | null {
  const open = lifetimes.filter(({ placedAt, endedAt }) => placedAt <= until && endedAt > until);
  return open.length === 0 ? null : Math.max(...open.map(({ endedAt }) => endedAt)) - until;
}
