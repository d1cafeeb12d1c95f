import { LeaseLost } from './faults.js';
import type { Transaction } from './participant.js';
import type { Lease } from './round-types.js';

/**
 * Answers with the database's time, after checking the leases on that clock. The share locks last until the transaction
 * ends, so that nobody takes a partition over while this round still may commit. They are key share locks, so that the
 * owner can renew its leases meanwhile; whoever takes partitions locks their rows for update, in the same order.
 */
export async function startRound(tx: Transaction, leases: readonly Lease[]): Promise<string> {
  const [start] = await tx.query<{ now: Date; leased: number[] }>(
    `with lease as (
       select partition from partition_lease
       where (partition, owner, epoch) in (select * from unnest($1::int[], $2::text[], $3::bigint[]))
         and expires_at > clock_timestamp()
       order by partition
       for key share
     )
     select clock_timestamp() as now, array(select partition from lease) as leased`,
    [leases.map(({ partition }) => partition), leases.map(({ owner }) => owner), leases.map(({ epoch }) => epoch)],
  );
  if (!start) throw new Error('the database did not tell the time');
  const leased = new Set(start.leased);
  const lost = leases.map(({ partition }) => partition).filter((partition) => !leased.has(partition));
  if (lost.length > 0) throw new LeaseLost(lost);
  return start.now.toISOString();
}
