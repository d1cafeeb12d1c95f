import type { EntityManager } from 'typeorm';
import { RoundCollision } from './faults.js';
import type { Transaction } from './participant.js';

export interface IdempotencyKey {
  readonly scope: string;
  readonly key: string;
  readonly bodyHash: string;
}

export interface StoredAnswer {
  readonly bodyHash: string;
  readonly answer: unknown;
}

/** What a key was answered before: for a caller who can no longer make the command that led to the answer. */
export async function storedAnswer(
  manager: EntityManager,
  { scope, key }: Pick<IdempotencyKey, 'scope' | 'key'>,
): Promise<StoredAnswer | undefined> {
  const [stored] = await manager.query<{ body_hash: string; answer: unknown }[]>(
    `select body_hash, answer from idempotency where scope = $1 and key = $2 and answer is not null`,
    [scope, key],
  );
  return stored && { bodyHash: stored.body_hash, answer: stored.answer };
}

/** One text for scope and key, to compare by. */
export function slotOfKey({ scope, key }: IdempotencyKey): string {
  return JSON.stringify([scope, key]);
}

/**
 * The rows of the keys `$1` (scopes) and `$2`, each found by itself: `offset 0` keeps the planner from a join, and two times `= any` would name
 * every scope with every key.
 */
const storedKeys = `(
  select stored.* from unnest($1::text[], $2::text[]) as named (scope, key) cross join lateral (
    select ctid as place, scope, key, body_hash, answer from idempotency
    where idempotency.scope = named.scope and idempotency.key = named.key offset 0) stored) stored`;

/**
 * Takes the keys that nobody has, and answers with what is stored for the others. A concurrent twin waits for the first:
 * it finds the first's answer, or the key free again when the first was refused or failed. Keys must differ.
 */
export async function claimKeys(
  tx: Transaction,
  keys: readonly IdempotencyKey[],
): Promise<ReadonlyMap<string, StoredAnswer>> {
  if (keys.length === 0) return new Map();
  const scopes = keys.map(({ scope }) => scope);
  const names = keys.map(({ key }) => key);
  const claimed = await tx.query(
    `insert into idempotency (scope, key, body_hash)
     select scope, key, body_hash from unnest($1::text[], $2::text[], $3::text[]) as claim (scope, key, body_hash)
     order by scope, key
     on conflict do nothing returning 1`,
    [scopes, names, keys.map(({ bodyHash }) => bodyHash)],
  );
  if (claimed.length === keys.length) return new Map();
  // A new statement sees what the twins that were waited for have committed. Own rows have no answer yet.
  const answered = await tx.query<{ scope: string; key: string; body_hash: string; answer: unknown }>(
    `select scope, key, body_hash, answer from ${storedKeys} where answer is not null`,
    [scopes, names],
  );
  if (claimed.length + answered.length !== keys.length)
    throw new RoundCollision('the answer of an idempotency key was pruned at this moment');
  return new Map(
    answered.map(({ scope, key, body_hash, answer }) => [
      slotOfKey({ scope, key, bodyHash: body_hash }),
      { bodyHash: body_hash, answer },
    ]),
  );
}

/** Stores what each key is answered from now on. */
export async function storeAnswers(
  tx: Transaction,
  answers: readonly { readonly key: IdempotencyKey; readonly answer: unknown }[],
): Promise<void> {
  if (answers.length === 0) return;
  await tx.query(
    // Its rows are there since the claim. So each is found by its key, whatever the planner believes.
    `insert into idempotency (scope, key, body_hash, answer)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::json[])
     on conflict (scope, key) do update set answer = excluded.answer`,
    [
      answers.map(({ key }) => key.scope),
      answers.map(({ key }) => key.key),
      answers.map(({ key }) => key.bodyHash),
      answers.map(({ answer }) => JSON.stringify(answer ?? null)),
    ],
  );
}

/** A refusal is not stored: the key is free again. */
export async function freeKeys(tx: Transaction, keys: readonly IdempotencyKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.query(
    // The rows are this transaction's own, so that nobody moves them.
    `delete from idempotency where ctid = any (array(select place from ${storedKeys} where answer is null))`,
    [keys.map(({ scope }) => scope), keys.map(({ key }) => key)],
  );
}
