import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../measurement.js';
import type { Plan } from '../plan.js';
import type { Machine } from './machine.js';
import { markdownOf } from './markdown.js';
import type { Summary } from './summary.js';
import { svgOf } from './svg.js';

export interface Report {
  readonly at: string;
  readonly kind: 'full' | 'quick';
  readonly plan: Plan;
  readonly machine: Machine;
  readonly summary: Summary;
  readonly problems: readonly Problem[];
}

/** The same as a table, as data and as a picture. Answers where the table is. */
export function writeReport(report: Report, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'README.md');
  writeFileSync(file, `${markdownOf(report)}\n`);
  writeFileSync(join(directory, 'results.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(directory, 'latency.svg'), svgOf(report.summary));
  return file;
}
