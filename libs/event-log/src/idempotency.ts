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
 * What is stored for the keys `$1` (scopes) and `$2`, each found by itself: `offset 0` keeps the planner from a join, and two times `= any`
 * would name every scope with every key.
 */
const storedKeys = `
  select stored.* from unnest($1::text[], $2::text[]) as named (scope, key) cross join lateral (
    select scope, key, body_hash, answer from idempotency
    where idempotency.scope = named.scope and idempotency.key = named.key offset 0) stored`;

/** What the keys were answered before. A key that nobody has used is not taken by looking: `storeAnswers` does. */
export async function storedAnswers(
  tx: Transaction,
  keys: readonly IdempotencyKey[],
): Promise<ReadonlyMap<string, StoredAnswer>> {
  const stored = await rowsOf(tx, keys);
  return new Map(
    stored.map(({ scope, key, body_hash, answer }) => [
      slotOfKey({ scope, key, bodyHash: body_hash }),
      { bodyHash: body_hash, answer },
    ]),
  );
}

/**
 * Stores what each key is answered from now on. Keys must differ. A concurrent twin waits for the first here, and is a `RoundCollision`
 * once that one is committed: it was decided without knowing the first's answer.
 */
export async function storeAnswers(
  tx: Transaction,
  answers: readonly { readonly key: IdempotencyKey; readonly answer: unknown }[],
): Promise<void> {
  if (answers.length === 0) return;
  const stored = await tx.query(
    `insert into idempotency (scope, key, body_hash, answer)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::json[]) as answered (scope, key)
     order by answered.scope, answered.key
     on conflict do nothing returning 1`,
    [
      answers.map(({ key }) => key.scope),
      answers.map(({ key }) => key.key),
      answers.map(({ key }) => key.bodyHash),
      answers.map(({ answer }) => JSON.stringify(answer ?? null)),
    ],
  );
  if (stored.length !== answers.length) throw answeredElsewhere();
}

/** A refusal is not stored, and stands only if no twin was answered meanwhile: it may be the twin's work that it was refused for. */
export async function stillUnanswered(tx: Transaction, keys: readonly IdempotencyKey[]): Promise<void> {
  if ((await rowsOf(tx, keys)).length > 0) throw answeredElsewhere();
}

interface KeyRow {
  readonly scope: string;
  readonly key: string;
  readonly body_hash: string;
  readonly answer: unknown;
}

async function rowsOf(tx: Transaction, keys: readonly IdempotencyKey[]): Promise<KeyRow[]> {
  if (keys.length === 0) return [];
  return tx.query<KeyRow>(storedKeys, [keys.map(({ scope }) => scope), keys.map(({ key }) => key)]);
}

function answeredElsewhere(): RoundCollision {
  return new RoundCollision('a twin of a request was answered at the same moment');
}
