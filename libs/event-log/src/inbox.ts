import type { Transaction } from './participant.js';

/**
 * Writes message ids into the inbox and answers with those that were not there. A concurrent round with the same message
 * is waited for: when it commits the message is known here, when it rolls back the message is new.
 * Ids are answered in lower case, as PostgreSQL writes UUIDs.
 */
export async function claimMessages(tx: Transaction, messageIds: readonly string[]): Promise<Set<string>> {
  if (messageIds.length === 0) return new Set();
  const fresh = await tx.query<{ message_id: string }>(
    `insert into inbox (message_id) select distinct id from unnest($1::uuid[]) id order by id
     on conflict do nothing returning message_id`,
    [messageIds],
  );
  return new Set(fresh.map(({ message_id }) => message_id));
}
