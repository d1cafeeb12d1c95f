import { LeaseLost } from './faults.js';
import type { Transaction } from './participant.js';
import type { Lease } from './round-types.js';

/**
 * Answers with the database's time, after checking the lease on that clock. The share lock lasts until the transaction
 * ends, so that nobody takes the partition over while this round still may commit. It is a key share lock, so that the
 * owner can renew its lease meanwhile; whoever takes a partition locks its row for update.
 */
export async function startRound(tx: Transaction, lease: Lease | undefined): Promise<string> {
  const [start] = await tx.query<{ now: Date; leased: boolean }>(
    `with lease as (
       select 1 from partition_lease
       where partition = $1 and owner = $2 and epoch = $3 and expires_at > clock_timestamp()
       for key share
     )
     select clock_timestamp() as now, exists (select from lease) as leased`,
    [lease?.partition ?? null, lease?.owner ?? null, lease?.epoch ?? null],
  );
  if (!start) throw new Error('the database did not tell the time');
  if (lease && !start.leased) throw new LeaseLost(lease.partition);
  return start.now.toISOString();
}
