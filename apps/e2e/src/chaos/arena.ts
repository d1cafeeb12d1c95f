import type { ServiceName } from '@quadrille/contracts';
import { setTimeout as pause } from 'node:timers/promises';
import type { World } from '../world.js';
import type { Links } from './links.js';
import type { Load } from './load.js';
import type { Random } from './random.js';
import type { Traffic } from './traffic.js';

export const services = ['order', 'inventory', 'payment'] as const satisfies readonly ServiceName[];

/** The system under fire, and all that can be done to it. */
export interface Arena {
  readonly world: World;
  readonly links: Links;
  readonly load: Load;
  readonly traffic: Traffic;
  /** The step at which each replica of a service ends, when it is launched next. */
  readonly crashPoints: Map<ServiceName, string>;
  readonly hotSku: { readonly sku: string; readonly buyers: number };
}

/** One fault's own view of it. */
export interface Scene extends Arena {
  readonly lastsMs: number;
  readonly random: Random;
}

/** Lets orders come in at once, so that the next blow meets work in flight. */
export async function underLoad({ load }: Scene): Promise<void> {
  load.burst();
  await pause(30);
}

/** A slow machine gets so long until a fault has met something. */
const patienceMs = 60_000;

/** Keeps a fault up for its time, and longer while it has met nothing. */
export async function hold(
  { load, lastsMs }: Scene,
  hasMet: () => boolean | Promise<boolean> = () => true,
): Promise<void> {
  const began = Date.now();
  await pause(lastsMs);
  while (!(await hasMet()) && Date.now() < began + patienceMs) {
    load.another();
    await pause(500);
  }
}

/** A call of the provider's administration. */
export async function tellProvider({ world }: Scene, method: 'PUT' | 'DELETE', faults?: object): Promise<void> {
  const response = await fetch(`${world.cluster.service('payment-provider').url}/admin/faults`, {
    method,
    headers: {
      authorization: `Bearer ${world.cluster.adminToken}`,
      ...(faults && { 'content-type': 'application/json' }),
    },
    ...(faults && { body: JSON.stringify(faults) }),
  });
  if (!response.ok) throw new Error(`the provider's faults were answered ${response.status}: ${await response.text()}`);
}
