import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const perService = <Value extends z.ZodType>(value: Value) =>
  z.object({ order: value, inventory: value, payment: value });

const addresses = z.object({
  /** Every replica's. */
  services: perService(z.array(z.url()).min(1)),
  provider: z.url(),
  databaseUrls: perService(z.string()),
  amqpUrl: z.string(),
  /** Beside this file; its `adminToken` is the services' and the provider's. */
  secretsFile: z.string(),
});

/** Where each part of a running cluster is, for the commands that look after it. */
export type Addresses = z.infer<typeof addresses>;

const fileIn = (directory: string) => join(directory, 'addresses.json');

/** Readable by its owner alone: the database and broker URLs carry passwords. */
export function writeAddresses(directory: string, where: Addresses): void {
  removeAddresses(directory);
  writeFileSync(fileIn(directory), `${JSON.stringify(where, null, 2)}\n`, { mode: 0o600 });
}

/** Undefined when no cluster runs on this directory. */
export function readAddresses(directory: string): Addresses | undefined {
  const file = fileIn(directory);
  return existsSync(file) ? addresses.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

export function removeAddresses(directory: string): void {
  rmSync(fileIn(directory), { force: true });
}
