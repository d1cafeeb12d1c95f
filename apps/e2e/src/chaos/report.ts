import type { Violation } from '../rules.js';
import type { FaultKind } from './fault-kinds.js';
import type { History } from './history.js';
import { type AppliedFault, impactOf, type Lifetime, recoveryMs, type Step } from './impact.js';
import type { Purchase } from './load.js';
import type { PlannedFault } from './schedule.js';

export interface FaultRow {
  readonly kind: FaultKind;
  readonly planned: number;
  /** How many of them met work in flight. */
  readonly hit: number;
  /** Steps of orders that were in flight when it struck, and while it lasted. */
  readonly struck: number;
  readonly met: number;
  readonly what: readonly string[];
  /** From the end of a fault until the last order ended that was under way then; null when none was. */
  readonly recoverySeconds: { readonly median: number; readonly longest: number } | null;
}

export interface ChaosReport {
  readonly seed: number;
  readonly orders: {
    readonly placed: number;
    readonly promised: number;
    readonly confirmed: number;
    readonly confirmedShare: number;
    readonly cancelled: Readonly<Record<string, number>>;
  };
  readonly seconds: { readonly faults: number; readonly total: number };
  /** Orders that ended per second, over tenths of the run. */
  readonly endedPerSecond: readonly number[];
  readonly faults: readonly FaultRow[];
  readonly garbage: number;
  readonly violations: readonly (Violation & { readonly timeline: readonly string[] })[];
  /** Why the run does not count, beside violations. */
  readonly shortcomings: readonly string[];
  readonly passed: boolean;
}

/** What was done to the system, and when. */
export interface RunRecord {
  readonly planned: readonly PlannedFault[];
  readonly faults: readonly AppliedFault[];
  /** Faults that could not be made or mended. */
  readonly failures: readonly string[];
  readonly seed: number;
  readonly orders: number;
  readonly began: number;
  readonly faultsEndedAt: number;
}

export interface Findings extends RunRecord {
  readonly settledAt: number;
  readonly garbage: number;
  readonly purchases: readonly Purchase[];
  readonly history: History;
  readonly steps: readonly Step[];
  readonly lifetimes: readonly Lifetime[];
  readonly violations: ChaosReport['violations'];
}

const confirmedShareMin = 0.3;

export function makeReport(findings: Findings): ChaosReport {
  const { seed, orders, planned, failures, purchases, history, violations, began, faultsEndedAt, settledAt } = findings;
  const faults = [...new Set(planned.map(({ kind }) => kind))].map((kind) => rowOf(kind, findings));
  const confirmed = history.orders.filter(({ status }) => status === 'confirmed').length;
  const confirmedShare = history.orders.length === 0 ? 0 : confirmed / history.orders.length;
  const cancelled: Record<string, number> = {};
  for (const { status, reason } of history.orders)
    if (status === 'cancelled') cancelled[reason ?? 'unknown'] = (cancelled[reason ?? 'unknown'] ?? 0) + 1;
  const shortcomings = [
    ...failures,
    ...faults.filter(({ hit }) => hit === 0).map(({ kind }) => `${kind} met no work in flight`),
    ...(confirmedShare < confirmedShareMin
      ? [`only ${percent(confirmedShare)} of the orders were confirmed, less than ${percent(confirmedShareMin)}`]
      : []),
    ...(purchases.length < orders ? [`only ${purchases.length} of ${orders} orders were placed in time`] : []),
  ];
  return {
    seed,
    orders: {
      placed: purchases.length,
      promised: purchases.filter(({ promised }) => promised).length,
      confirmed,
      confirmedShare,
      cancelled,
    },
    seconds: { faults: secondsOf(faultsEndedAt - began), total: secondsOf(settledAt - began) },
    endedPerSecond: endedPerSecond(findings),
    faults,
    garbage: findings.garbage,
    violations,
    shortcomings,
    passed: violations.length === 0 && shortcomings.length === 0,
  };
}

function rowOf(kind: FaultKind, { planned, faults, steps, lifetimes }: Findings): FaultRow {
  const applied = faults.filter((fault) => fault.kind === kind);
  const impacts = applied.map((fault) => impactOf(fault, steps));
  const recoveries = applied.flatMap((fault) => recoveryMs(fault, lifetimes) ?? []).filter(Number.isFinite);
  const what = new Map<string, number>();
  for (const [step, count] of impacts.flatMap((impact) => impact.what)) what.set(step, (what.get(step) ?? 0) + count);
  recoveries.sort((a, b) => a - b);
  return {
    kind,
    planned: planned.filter((fault) => fault.kind === kind).length,
    hit: impacts.filter(({ met }) => met > 0).length,
    struck: impacts.reduce((sum, { struck }) => sum + struck, 0),
    met: impacts.reduce((sum, { met }) => sum + met, 0),
    what: [...what].sort(([, a], [, b]) => b - a).map(([step, count]) => `${count} ${step}`),
    recoverySeconds:
      recoveries.length === 0
        ? null
        : {
            median: secondsOf(recoveries[Math.floor(recoveries.length / 2)] ?? 0),
            longest: secondsOf(recoveries.at(-1) ?? 0),
          },
  };
}

function endedPerSecond({ lifetimes, began, settledAt }: Findings): number[] {
  const tenthMs = (settledAt - began) / 10;
  return Array.from({ length: 10 }, (_, tenth) => {
    const [from, to] = [began + tenth * tenthMs, began + (tenth + 1) * tenthMs];
    const ended = lifetimes.filter(({ endedAt }) => endedAt >= from && endedAt < to).length;
    return Math.round((ended / tenthMs) * 10_000) / 10;
  });
}

/** So many violations are read on a screen; there may be as many as orders. */
export const violationsShownMax = 50;

/** The report for a person, with all violations and their orders' timelines, or with a file's name in place of most of them. */
export function textOf(report: ChaosReport, { restIsIn }: { readonly restIsIn?: string } = {}): string {
  const { seed, orders, seconds, endedPerSecond, faults, garbage, violations, shortcomings, passed } = report;
  const cancelled = Object.entries(orders.cancelled).map(([reason, count]) => `${count} ${reason}`);
  return [
    '',
    table([
      ['fault', 'planned', 'hit', 'struck', 'met', 'recovery s', 'what was in flight'],
      ...faults.map(({ kind, planned, hit, struck, met, what, recoverySeconds }) => [
        kind,
        String(planned),
        String(hit),
        String(struck),
        String(met),
        recoverySeconds ? `${recoverySeconds.median} to ${recoverySeconds.longest}` : '-',
        what.slice(0, 4).join(', ') || 'nothing',
      ]),
    ]),
    '',
    'hit: faults that met work in flight; struck, met: steps of orders in flight when they struck, and while they lasted;',
    'recovery: until the last order ended that was under way when the fault did, median to longest.',
    '',
    `seed ${seed}, ${seconds.faults} s of faults, settled after ${seconds.total} s`,
    `${orders.placed} orders placed, ${orders.promised} promised, ${orders.confirmed} confirmed (${percent(orders.confirmedShare)}); cancelled: ${cancelled.join(', ') || 'none'}`,
    `orders ended per second, by tenths of the run: ${endedPerSecond.join(' ')}`,
    `${garbage} pieces of garbage planted`,
    '',
    ...violations
      .slice(0, restIsIn === undefined ? undefined : violationsShownMax)
      .flatMap(({ rule, orderId, what, timeline }) => [
        `rule ${rule} is broken${orderId === null ? '' : ` for order ${orderId}`}: ${what}`,
        ...timeline.map((line) => `    ${line}`),
      ]),
    ...(restIsIn === undefined
      ? []
      : [`and ${violations.length - violationsShownMax} violations more, each with its timeline: ${restIsIn}`]),
    ...shortcomings.map((sentence) => `failed: ${sentence}`),
    passed ? 'every rule holds' : `${violations.length} violations`,
  ].join('\n');
}

function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 || column === line.length - 1
            ? cell.padEnd(widths[column] ?? 0)
            : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const secondsOf = (ms: number) => Math.round(ms / 100) / 10;
