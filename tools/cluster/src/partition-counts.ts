import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '@quadrille/contracts';
import { z } from 'zod';

const counts = z.partialRecord(z.enum(['order', 'inventory', 'payment']), z.int().min(1).max(64));

/** The numbers of partitions that `npm run partitions` has changed on a cluster: they outlive its restarts. */
export type PartitionCounts = Partial<Record<ServiceName, number>>;

export function readPartitionCounts(directory: string): PartitionCounts {
  const file = fileIn(directory);
  return existsSync(file) ? (counts.parse(JSON.parse(readFileSync(file, 'utf8'))) as PartitionCounts) : {};
}

export function writePartitionCount(directory: string, service: ServiceName, partitions: number): void {
  const all = { ...readPartitionCounts(directory), [service]: partitions };
  writeFileSync(fileIn(directory), `${JSON.stringify(all, null, 2)}\n`);
}

function fileIn(directory: string): string {
  return join(directory, 'partitions.json');
}
