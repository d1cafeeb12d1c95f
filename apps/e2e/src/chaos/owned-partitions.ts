import { openSync, readSync, closeSync, fstatSync } from 'node:fs';
import type { ServiceName } from '@quadrille/contracts';
import { z } from 'zod';
import { rows } from '../evidence.js';
import type { World } from '../world.js';

export interface Ownership {
  readonly partitions: readonly number[];
  readonly relays: boolean;
}

/** What a replica works on at present, or undefined when the database does not say. */
export async function ownershipOf(world: World, service: ServiceName, replica: number): Promise<Ownership | undefined> {
  const logFile = world.cluster.service(service).replicas[replica]?.logFile;
  const owner = logFile === undefined ? undefined : ownerIn(logFile);
  if (owner === undefined) return undefined;
  try {
    const found = await rows(
      world.cluster.databaseUrls[service],
      `select partition from partition_lease where owner = '${owner}'
       union all select null from relay where owner = '${owner}'`,
      z.object({ partition: z.number().nullable() }),
    );
    return {
      partitions: found.flatMap(({ partition }) => partition ?? []),
      relays: found.some(({ partition }) => partition === null),
    };
  } catch {
    return undefined; // The database is away too, and the replica owns what it owned.
  }
}

const tailBytes = 256 * 1024;

/** A replica's name for itself, as its log told it last. */
function ownerIn(logFile: string): string | undefined {
  const file = openSync(logFile, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    readSync(file, tail, 0, tail.length, Math.max(0, size - tail.length));
    return [...tail.toString().matchAll(/"owner":"([0-9a-f-]{36})"/g)].at(-1)?.[1];
  } finally {
    closeSync(file);
  }
}
