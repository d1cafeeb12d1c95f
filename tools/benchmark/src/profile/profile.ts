import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Arena } from '../arena.js';
import { show } from '../figures.js';
import { Ours } from '../parties/ours.js';
import type { Plan } from '../plan.js';
import { Turn } from '../turn.js';
import { cpuProfile, hotFunctions } from './hot-functions.js';

const services = ['order', 'inventory', 'payment'] as const;
type Service = (typeof services)[number];
const sampled = fileURLToPath(new URL('./sampled.js', import.meta.url));

/** The variables with which a service can be profiled. */
export function profiledEnvironment(service: string, directory: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(sampled).href}`,
    QUADRILLE_PROFILE_FILE: resolve(directory, `${service}.cpuprofile`),
  };
}

export interface ProfileOptions {
  readonly arena: Arena;
  readonly plan: Plan;
  readonly directory: string;
  readonly say: (line: string) => void;
}

/** A CPU profile of each service under the closed loop's load, and the functions that cost most. */
export async function profileOurs({ arena, plan, directory, say }: ProfileOptions): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const { cluster, serverPids } = arena;
  const provider = cluster.service('payment-provider').replicas[0]?.part.pid ?? 0;
  const turn = await Turn.begin(new Ours(cluster), { ...serverPids, provider });
  const signal = () => Promise.all(services.map((service) => cluster.service(service).kill('SIGUSR2')));
  try {
    const load = { clients: plan.clients.ours, measureMs: plan.closedMs };
    await turn.closed({ ...load, warmUpMs: plan.warmUpMs });
    await signal();
    const { ordersPerSecond } = await turn.closed({ ...load, warmUpMs: 500 });
    await signal();
    say(`${show(ordersPerSecond)} orders/s while it was profiled`);
    for (const service of services) sayHot(service, await written(service, directory), say);
    say(`profiles for Chrome's DevTools or speedscope: ${directory}`);
  } finally {
    await turn.end();
  }
}

async function written(service: Service, directory: string) {
  const file = join(directory, `${service}.cpuprofile`);
  const end = Date.now() + 60_000;
  while (!existsSync(file)) {
    if (Date.now() > end) throw new Error(`${service} has not written ${file}`);
    await pause(200);
  }
  return cpuProfile.parse(JSON.parse(readFileSync(file, 'utf8')));
}

function sayHot(service: Service, profile: Awaited<ReturnType<typeof written>>, say: (line: string) => void): void {
  say(`\n${service}: where its own time goes`);
  for (const { name, place, selfMs, share } of hotFunctions(profile, 20))
    say(`  ${(share * 100).toFixed(1).padStart(5)} %  ${show(selfMs).padStart(8)} ms  ${name.padEnd(34)} ${place}`);
}
