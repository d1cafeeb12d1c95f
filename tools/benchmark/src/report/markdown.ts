import { show } from '../figures.js';
import { type Part, parts, titles } from '../parties/party.js';
import type { Spread } from '../statistics.js';
import type { Report } from './report.js';
import type { PartySummary } from './summary.js';
import { targetsOf, verdictOf } from './targets.js';

/** The report for a person. */
export function markdownOf(report: Report): string {
  const { machine, summary, problems, at, kind, plan } = report;
  return [
    '# Benchmark',
    `${at}, commit ${machine.commit}, ${kind}: ${plan.rounds} ${plan.rounds === 1 ? 'round' : 'rounds'} in which the parties take turns on the same servers. ` +
      'Figures are medians, with the least and the most over the rounds in brackets.',
    `${machine.cpu}, ${machine.cores} cores for services, database, broker and load together, ${machine.memoryGb} GB, ${machine.system}; ` +
      `${Object.entries(machine.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}. Load before the start: ${machine.loadBefore.toFixed(2)}` +
      `${machine.loadBefore >= 1 ? '. **Something else was running: these figures are no result.**' : '.'}`,
    '## Ratios',
    table([
      ['ours to', 'orders/s', 'less CPU per order'],
      ...summary.ratios.map(({ to, ordersPerSecond, cpu }) => [
        titles[to],
        `${spread(ordersPerSecond)} times`,
        to === 'limit' ? `${spread(cpu)} times (its database alone)` : `${spread(cpu)} times`,
      ]),
    ]),
    '## Targets',
    table([
      ['target', 'at', 'measured', '', 'what holds it'],
      ...targetsOf(summary, machine.cores).map((target) => {
        const { verdict, holds } = verdictOf(target);
        return [
          target.what,
          `${target.atLeast !== undefined ? '≥' : '≤'} ${target.atLeast ?? target.atMost} ${target.unit}`,
          target.measured === undefined ? '-' : show(target.measured),
          verdict,
          holds,
        ];
      }),
    ]),
    'Where the time goes within the services, and what was tried, is in docs/performance.md.',
    '## Closed loop',
    'As many orders under way all the time as a party does best with. CPU is of services, database and broker; provider and load generator are counted apart.',
    table([
      [
        '',
        'under way',
        'orders/s',
        'CPU ms per order',
        ...parts,
        'apart: provider',
        'apart: generator',
        'something else',
      ],
      ...summary.parties.map((party) => [
        titles[party.name],
        party.name === 'limit' ? '-' : String(plan.clients[party.name]),
        spread(party.ordersPerSecond),
        spread(party.cpuMsPerOrder),
        ...[...parts, 'provider' as const, 'generator' as const].map((part) => median(party.cpu[part])),
        party.foreignShare ? `${Math.round(party.foreignShare.median * 100)} % of the machine` : '-',
      ]),
    ]),
    '## Latency',
    'From the time at which an order was meant to be sent until its reservation is committed. A party is asked for a rate in rounds in which its closed loop did a quarter more; `-` where there was none.',
    table([
      ['', 'orders/s', 'p50 ms', 'p99 ms', 'CPU ms per order'],
      ...summary.parties.filter(({ name }) => name !== 'limit').flatMap((party) => rateRows(party, plan.rates)),
      ...summary.latency.map(({ share, ratePerSecond, p50Ms, p99Ms, cpuMsPerOrder }) => [
        `${titles.ours}, ${Math.round(share * 100)} % of capacity`,
        show(ratePerSecond),
        show(p50Ms),
        show(p99Ms),
        show(cpuMsPerOrder),
      ]),
    ]),
    ...summary.latency.filter(({ share }) => share > 1).map(overloadSentence),
    '![latency over load](latency.svg)',
    '## Messages, bytes and memory',
    ...trafficTable(report),
    table([['memory, MB', ...parts], ...summary.parties.flatMap(memoryRow)]),
    ...(problems.length > 0
      ? [
          '## Without a result',
          problems.map(({ party, round, what }) => `- ${titles[party]}, round ${round}: ${what}`).join('\n'),
        ]
      : []),
  ].join('\n\n');
}

function rateRows({ name, open }: PartySummary, rates: readonly number[]): string[][] {
  return rates.map((rate) => {
    const found = open.find(({ ratePerSecond }) => ratePerSecond === rate);
    const figures = found ? [found.p50Ms, found.p99Ms, found.cpuMsPerOrder].map(spread) : ['-', '-', '-'];
    return [titles[name], show(rate), ...figures];
  });
}

function overloadSentence({
  share,
  accepted,
  turnedAway,
  settledAfterMs,
}: Report['summary']['latency'][number]): string {
  return (
    `At ${Math.round(share * 100)} % of capacity ${accepted} orders were accepted and ${turnedAway} answered 503 with Retry-After; ` +
    `the last accepted one had ended ${show(settledAfterMs / 1000)} s after the sending stopped.`
  );
}

function memoryRow({ name, memoryBytes }: PartySummary): string[][] {
  if (!memoryBytes) return [];
  return [[titles[name], ...parts.map((part: Part) => String(Math.round(memoryBytes[part] / 2 ** 20)))]];
}

function spread(value: Spread): string {
  if (value.least === value.most) return show(value.median);
  return `${show(value.median)} (${show(value.least)} to ${show(value.most)})`;
}

const median = (value: Spread | undefined) => (value ? show(value.median) : '-');

export function table(lines: readonly (readonly string[])[]): string {
  const [head = [], ...body] = lines;
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...body.map(row)].join('\n');
}

/** Nothing where it was not counted. */
function trafficTable({ summary }: Report): string[] {
  const counted = summary.parties.flatMap(({ name, counts }) => (counts ? [{ name, counts }] : []));
  if (counted.length === 0) return [];
  return [
    table([
      ['per order', 'published', 'delivered', 'AMQP bytes', 'transactions', 'WAL bytes'],
      ...counted.map(({ name, counts: { published, delivered, amqpBytes, transactions, walBytes } }) => [
        titles[name],
        ...[published, delivered, amqpBytes, transactions, walBytes].map(show),
      ]),
    ]),
  ];
}
