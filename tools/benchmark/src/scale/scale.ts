import { removeServerData, startCluster } from '@quadrille/cluster';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arenaClusterOptions } from '../arena.js';
import type { Plan } from '../plan.js';
import { describeMachine, type Machine } from '../report/machine.js';
import { table } from '../report/markdown.js';
import { backlog, memory } from './endurance.js';
import { history, hot, replicas } from './experiments.js';
import type { Experiment, Finding } from './finding.js';
import { type ExperimentName, experimentNames, type Sizes } from './sizes.js';
import { Stage } from './stage.js';

const experiments: Readonly<Record<ExperimentName, Experiment>> = { hot, replicas, history, backlog, memory };

export interface ScaleOptions {
  readonly sizes: Sizes;
  readonly plan: Plan;
  readonly directory: string;
  readonly loadBefore: number;
  readonly step: <Value>(title: string, work: () => Promise<Value>) => Promise<Value>;
  readonly say: (line: string) => void;
}

/** Whether our own figures hold when there is more of everything; each experiment on servers of its own. */
export async function measureScale(options: ScaleOptions): Promise<number> {
  const findings: Finding[] = [];
  let machine: Machine | undefined;
  for (const name of experimentNames) {
    const size = options.sizes[name];
    if (size === undefined) continue;
    options.say(`${name}, ${size.toLocaleString('en-US')}`);
    const outcome = await onStage(name, size, options);
    findings.push(outcome.finding);
    machine ??= outcome.machine;
    options.say(`  ${outcome.finding.met ? 'met' : 'MISSED'}: ${outcome.finding.target}: ${outcome.finding.found}`);
  }
  if (!machine) throw new Error('there was nothing to measure');
  options.say(`the report: ${write(findings, machine, options.directory)}`);
  return 0;
}

async function onStage(name: ExperimentName, size: number, { plan, loadBefore, step, say }: ScaleOptions) {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-scale-'));
  const each = name === 'replicas' ? size : 1;
  const cluster = await startCluster({
    ...arenaClusterOptions(directory),
    replicas: { order: each, inventory: each, payment: each },
    step,
  });
  const end = async () => {
    await cluster.stop();
    await removeServerData(directory);
    rmSync(directory, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void end().finally(() => process.exit(130)));
  try {
    const { clients, warmUpMs, closedMs: measureMs, rounds } = plan;
    const load = { clients: clients.ours, warmUpMs, measureMs };
    const finding = await experiments[name]({ stage: new Stage(cluster), load, rounds, say }, size);
    const machine = await describeMachine(
      { postgresUrl: cluster.postgres.adminUrl, brokerAdminUrl: cluster.brokerAdminUrl ?? '' },
      loadBefore,
    );
    return { finding, machine };
  } finally {
    await step('stop', end);
  }
}

function write(findings: readonly Finding[], machine: Machine, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const at = new Date().toISOString();
  const file = join(directory, 'scale.md');
  writeFileSync(join(directory, 'scale.json'), `${JSON.stringify({ at, machine, findings }, null, 2)}\n`);
  writeFileSync(file, `${markdownOf(findings, machine, at)}\n`);
  return file;
}

function markdownOf(findings: readonly Finding[], machine: Machine, at: string): string {
  const { cpu, cores, memoryGb, system, versions, commit, loadBefore } = machine;
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    '# Scale',
    `\`npm run bench -- --scale\` of ${at}, commit ${commit}, ${cores} cores (${cpu}), ${memoryGb} GB, ${system}; ` +
      `${software.join(', ')}; load before ${loadBefore.toFixed(1)}. What it means: docs/scaling.md.`,
    ...findings.flatMap(({ title, head, rows, target, found, met }) => [
      `## ${title}`,
      table([head, ...rows]),
      `Wanted: ${target}. Found: ${found}. **${met ? 'Met' : 'Missed'}.**`,
    ]),
  ].join('\n\n');
}
