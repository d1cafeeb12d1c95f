import { partitionOf, slotOf } from '@quadrille/contracts';
import type { DataSource } from 'typeorm';
import { rows } from './sql.js';

/**
 * Gives held messages to the partitions that their keys belong to when there are `partitions` of them. Without it, messages
 * of a partition that is no more would wait for an owner for ever. Answers how many keys moved.
 */
export async function assignHeldPartitions(dataSource: DataSource, partitions: number): Promise<number> {
  const held = await rows<{ key: string; partition: number }>(
    dataSource,
    `select distinct key, partition from held_message where partition is not null`,
  );
  const moves = held
    .map(({ key, partition }) => ({ key, from: partition, to: partitionOf(slotOf(key), partitions) }))
    .filter(({ from, to }) => from !== to);
  if (moves.length === 0) return 0;
  await rows(
    dataSource,
    `update held_message set partition = move.target
     from unnest($1::text[], $2::int[]) as move (moved_key, target)
     where key = moved_key and partition is not null`,
    [moves.map(({ key }) => key), moves.map(({ to }) => to)],
  );
  return moves.length;
}
