import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openArena } from './arena.js';
import { Benchmark } from './benchmark.js';
import { type CommandLine, help, Misunderstanding, parseCommandLine } from './command-line.js';
import { printLife } from './life/print-life.js';
import { type PartyName, partyNames } from './parties/party.js';
import { findPgbench, NoPgbench } from './parties/pgbench.js';
import { fullPlan, quickPlan } from './plan.js';
import { profiledEnvironment, profileOurs } from './profile/profile.js';
import { describeMachine } from './report/machine.js';
import { writeReport } from './report/report.js';
import { summarize } from './report/summary.js';
import { measureScale } from './scale/scale.js';
import type { Sizes } from './scale/sizes.js';

// `npm run bench`. tools/bench.mjs installs, builds and narrates.
const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface Narrator {
  step<Value>(title: string, work: () => Promise<Value>): Promise<Value>;
  line(text?: string): void;
}

/** Resolves with the exit code. `loadBefore` is the load of the machine before anything was built for it. */
export async function bench(args: readonly string[], narrator: Narrator, loadBefore: number): Promise<number> {
  try {
    const options = parseCommandLine(args);
    if (options.help) narrator.line(help);
    else if (options.life) await narrator.step('the life of an order', () => printLife((line) => narrator.line(line)));
    else if (options.scale) return await scale(options, options.scale, narrator, loadBefore);
    else return await measure(options, narrator, loadBefore);
    return 0;
  } catch (error) {
    if (!(error instanceof Misunderstanding)) throw error;
    narrator.line(error.message);
    return 2;
  }
}

function scale({ quick, out }: CommandLine, sizes: Sizes, narrator: Narrator, loadBefore: number): Promise<number> {
  return measureScale({
    sizes,
    plan: quick ? quickPlan : fullPlan,
    directory: resolve(root, out),
    loadBefore,
    step: (title, work) => narrator.step(title, work),
    say: (line) => narrator.line(line),
  });
}

async function measure(options: CommandLine, narrator: Narrator, loadBefore: number): Promise<number> {
  if (loadBefore >= 1)
    narrator.line(`The load of this machine is ${loadBefore.toFixed(1)}: what else runs will be in every figure.`);
  const directory = resolve(root, options.out);
  mkdirSync(directory, { recursive: true });
  const plan = options.quick ? quickPlan : fullPlan;
  const parties: readonly PartyName[] = options.only.length > 0 ? options.only : partyNames;
  const pgbench = parties.includes('limit') ? await pgbenchOrNone(narrator) : undefined;
  const profiles = join(directory, 'profiles');
  const arena = await openArena({
    step: (title, work) => narrator.step(title, work),
    ...(options.profile && { environment: (service: string) => profiledEnvironment(service, profiles) }),
  });
  const say = (line: string) => narrator.line(line);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void arena.end().finally(() => process.exit(130)));
  try {
    if (options.profile) {
      await profileOurs({ arena, plan, directory: profiles, say });
      return 0;
    }
    const taking = parties.filter((party) => party !== 'limit' || pgbench !== undefined);
    const { rounds, latency, problems } = await new Benchmark({ arena, plan, parties: taking, pgbench, say }).run();
    const machine = await describeMachine(
      { postgresUrl: arena.cluster.postgres.adminUrl, brokerAdminUrl: arena.cluster.brokerAdminUrl ?? '' },
      loadBefore,
    );
    const summary = summarize({ rounds, latency, problems });
    const kind = options.quick ? 'quick' : 'full';
    const file = writeReport({ at: new Date().toISOString(), kind, plan, machine, summary, problems }, directory);
    narrator.line(`the report: ${file}`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await narrator.step('stop', () => arena.end());
  }
}

async function pgbenchOrNone(narrator: Narrator): Promise<string | undefined> {
  try {
    return await findPgbench(join(root, '.quadrille', 'pgbench'));
  } catch (error) {
    if (!(error instanceof NoPgbench)) throw error;
    narrator.line(`There will be no limit (a): ${error.message}`);
    return undefined;
  }
}
