import { partitionOf, slotOf } from '@quadrille/contracts';
import type { DataSource } from 'typeorm';
import { rows } from './sql.js';

/**
 * Takes every partition of a service away from its replicas for so long, waiting for rounds that run: from then on nothing
 * commits and nobody consumes. Repeat it before the time is over to keep them. Replicas go on by themselves when it is.
 */
export async function holdPartitions(dataSource: DataSource, owner: string, holdMs: number): Promise<void> {
  await rows(
    dataSource,
    // An update alone would pass by the key share locks of the rounds.
    `update partition_lease set epoch = epoch + case when owner = $1 then 0 else 1 end, owner = $1,
       expires_at = clock_timestamp() + $2 * interval '1 millisecond'
     where partition = any (array(select partition from partition_lease order by partition for update))`,
    [owner, holdMs],
  );
}

/** Gives the partitions back to whoever of the replicas takes them. */
export async function releasePartitions(dataSource: DataSource, owner: string): Promise<void> {
  await rows(dataSource, 'update partition_lease set owner = null, expires_at = null where owner = $1', [owner]);
}

/** Held messages go to the partitions that their keys belong to when there are so many. Hold the partitions meanwhile. */
export async function reassignHeldMessages(dataSource: DataSource, partitions: number): Promise<void> {
  const keys = await rows<{ key: string }>(
    dataSource,
    'select distinct key from held_message where partition is not null',
  );
  await rows(
    dataSource,
    `update held_message held set partition = place.partition
     from unnest($1::text[], $2::int[]) as place (key, partition)
     where held.key = place.key and held.partition is not null`,
    [keys.map(({ key }) => key), keys.map(({ key }) => partitionOf(slotOf(key), partitions))],
  );
}
