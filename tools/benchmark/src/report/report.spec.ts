import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measurement, plan } from '../../test/measurement.js';
import { titles } from '../parties/party.js';
import { markdownOf } from './markdown.js';
import { type Report, writeReport } from './report.js';
import { summarize } from './summary.js';
import { svgOf } from './svg.js';
import { targetsOf, verdictOf } from './targets.js';

const summary = summarize(measurement);
const report: Report = {
  at: '2026-11-28T10:00:00.000Z',
  kind: 'full',
  plan,
  machine: {
    cpu: 'AMD EPYC',
    cores: 2,
    memoryGb: 23,
    system: 'Debian 12, Linux 6',
    versions: { node: 'v20.20.2' },
    commit: 'abc1234',
    loadBefore: 0.4,
  },
  summary,
  problems: measurement.problems,
};

describe('the summary', () => {
  it('compares within rounds, and takes the median of what it finds', () => {
    expect(summary.ratios.find(({ to }) => to === 'naive')).toEqual({
      to: 'naive',
      ordersPerSecond: { median: 6, least: 6, most: 6 },
      cpu: { median: 10 / 1.5, least: 10 / 1.5, most: 10 / 1.5 },
    });
    expect(summary.ratios.find(({ to }) => to === 'limit')?.ordersPerSecond.median).toBeCloseTo((1.2 + 900 / 1100) / 2);
  });

  it('has no ratio to who took no part', () => {
    expect(summary.ratios.map(({ to }) => to)).toEqual(['limit', 'naive']);
  });

  it('keeps no single latency', () => {
    expect(JSON.stringify(summary)).not.toContain('latenciesMs');
  });
});

describe('a target', () => {
  const targets = targetsOf(summary, 2);

  it('is met, or says by what factor it is missed', () => {
    const verdicts = Object.fromEntries(targets.map((target) => [target.what, verdictOf(target).verdict]));
    expect(verdicts).toMatchObject({
      'CPU per order': 'missed by a factor of 1.14',
      'p50 at 50/s': 'met',
      'p99 at 50/s': 'missed by a factor of 1.03',
      'CPU per order less than (b)': 'missed by a factor of 1.05',
      'CPU per order less than (c)': 'not measured',
    });
  });

  it('that is missed says what it allows and what takes it', () => {
    const holds = Object.fromEntries(targets.map((target) => [target.what, verdictOf(target).holds]));
    expect(holds).toMatchObject({
      'CPU per order less than (b)':
        'it allows 1.43 ms; the database takes 0.32 ms, the broker 0.32 ms, the services 0.96 ms',
      'p50 at 50/s': '',
      'p99 at 50/s': '2 cores have 40.0 ms for an order at 50.0/s; it takes 6.10 ms, provider and generator included',
    });
    expect(targets.find(({ what }) => what === 'orders/s to (a)')?.holds).toBe(
      '2 cores have 1.90 ms for an order at 1,050/s; it takes 2.70 ms, provider and generator included',
    );
  });
});

describe('the report', () => {
  const text = markdownOf(report);

  it('begins with the ratios, and names the machine, its load and what has no result', () => {
    expect(text.indexOf('## Ratios')).toBeLessThan(text.indexOf('## Closed loop'));
    expect(text).toContain('AMD EPYC, 2 cores');
    expect(text).toContain('Load before the start: 0.40.');
    expect(text).toContain('round 2: 3 times a rule was broken');
    expect(text).toContain('At 120 % of capacity 2 orders were accepted and 7 answered 503');
  });

  it('says how many orders each party had under way', () => {
    const [, closed = ''] = text.split('## Closed loop');
    expect(closed).toContain(`| ${titles.ours} | 64 |`);
    expect(closed).toContain(`| ${titles.naive} | 16 |`);
    expect(closed).toContain(`| ${titles.limit} | - |`);
  });

  it('has a row for a rate that a party was never asked for', () => {
    const more = markdownOf({ ...report, plan: { ...plan, rates: [50, 200] } });
    expect(more).toContain(`| ${titles.naive} | 200 | - | - | - |`);
  });

  it('tells what an order puts on the wire where that was counted, and has no such table where it was not', () => {
    const counts = { published: 0.41, delivered: 0.57, amqpBytes: 7698, transactions: 0.4, walBytes: 18_201 };
    const parties = summary.parties.map((party) => (party.name === 'ours' ? { ...party, counts } : party));
    const counted = markdownOf({ ...report, summary: { ...summary, parties } });
    expect(counted).toContain(`| ${titles.ours} | 0.41 | 0.57 | 7,698 | 0.40 | 18,201 |`);
    const uncounted = summary.parties.map(({ counts: _, ...party }) => party);
    expect(markdownOf({ ...report, summary: { ...summary, parties: uncounted } })).not.toContain('AMQP bytes');
  });

  it('is no result when something else was running', () => {
    expect(markdownOf({ ...report, machine: { ...report.machine, loadBefore: 5 } })).toContain('no result');
  });

  it('has a row of as many cells as its head in every table', () => {
    for (const block of text.split('\n\n').filter((part) => part.startsWith('|')))
      expect(new Set(block.split('\n').map((line) => line.split(' | ').length)).size).toBe(1);
  });

  it('is a table, data and a picture', () => {
    const directory = mkdtempSync(join(tmpdir(), 'quadrille-report-'));
    writeReport(report, directory);
    expect(readdirSync(directory).sort()).toEqual(['README.md', 'latency.svg', 'results.json']);
    rmSync(directory, { recursive: true });
  });
});

describe('the plot', () => {
  it('has p50 and p99 of each party that was measured, inside its frame', () => {
    const svg = svgOf(summary);
    expect(svg.match(/stroke-width="2"/g)).toHaveLength(8);
    for (const [, x, y] of svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(70);
      expect(Number(x)).toBeLessThanOrEqual(610);
      expect(Number(y)).toBeGreaterThanOrEqual(30);
      expect(Number(y)).toBeLessThanOrEqual(425);
    }
  });

  it('says so when there is nothing to show', () => {
    expect(svgOf({ ratios: [], parties: [], latency: [] })).toContain('no latency');
  });
});
