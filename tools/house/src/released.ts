import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { catalogue } from '@quadrille/contracts';
import { z } from 'zod';
import type { Released } from './contract-changes.js';

const folder = new URL('../../../libs/contracts/released/', import.meta.url);
const released = z.object({
  type: z.string(),
  owner: z.string(),
  summary: z.string(),
  schema: z.record(z.string(), z.unknown()),
});

/** Today's contracts in the form in which they are released. */
export function currentContracts(): Released[] {
  return catalogue.map(({ type, owner, summary, data }) => ({
    type,
    owner,
    summary,
    schema: z.toJSONSchema(data, { io: 'input' }) as Released['schema'],
  }));
}

/** What was released last: one file per version, checked in. */
export function releasedContracts(): Released[] {
  return readdirSync(folder).map(
    (file) => released.parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))) as Released,
  );
}

export function release(contracts: readonly Released[]): void {
  for (const contract of contracts)
    writeFileSync(new URL(`${contract.type}.json`, folder), `${JSON.stringify(contract, null, 2)}\n`);
}
