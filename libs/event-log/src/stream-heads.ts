import { RoundCollision } from './faults.js';
import type { Transaction } from './participant.js';

/** The current version of each stream, locked until the transaction ends. Streams that were never written are at 0. */
export async function lockHeads(tx: Transaction, streams: readonly string[]): Promise<Map<string, number>> {
  if (streams.length === 0) return new Map();
  const heads = await tx.query<{ stream: string; version: number }>(
    // Inserting comes first, and always: the count makes the second part wait for it. Both parts go by stream, and who
    // locks present rows no longer waits for arriving ones, so that two rounds cannot wait for each other.
    `with arrived as (
       insert into stream_head (stream, version)
       select stream, 0 from unnest($1::text[]) stream order by stream collate "C"
       on conflict do nothing returning stream, version
     ), present as (
       select stream, version from stream_head
       where stream = any ($1) and (select count(*) from arrived) >= 0
       order by stream for update
     )
     select stream, version from arrived union all select stream, version from present`,
    [streams],
  );
  // A head that another round inserted while this statement ran is locked by nobody here: the statement cannot see it.
  if (heads.length !== streams.length) throw new RoundCollision('a stream began in another round at the same moment');
  return new Map(heads.map(({ stream, version }) => [stream, version]));
}

export interface HeadMove {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/** Moves heads from the expected version, and leaves no head behind for a stream in which nothing ever happened. */
export async function moveHeads(tx: Transaction, heads: readonly HeadMove[]): Promise<void> {
  await Promise.all([
    move(
      tx,
      heads.filter(({ from, to }) => to > from),
    ),
    remove(
      tx,
      heads.filter(({ to }) => to === 0).map(({ stream }) => stream),
    ),
  ]);
}

async function move(tx: Transaction, moves: readonly HeadMove[]): Promise<void> {
  if (moves.length === 0) return;
  const moved = await tx.query(
    `update stream_head set version = move.target
     from unnest($1::text[], $2::int[], $3::int[]) as move (stream, expected, target)
     where stream_head.stream = any ($1) and stream_head.stream = move.stream and stream_head.version = move.expected
     returning 1`,
    [moves.map(({ stream }) => stream), moves.map(({ from }) => from), moves.map(({ to }) => to)],
  );
  if (moved.length !== moves.length) throw new RoundCollision('a stream was not at its expected version');
}

async function remove(tx: Transaction, untouched: readonly string[]): Promise<void> {
  if (untouched.length > 0)
    await tx.query('delete from stream_head where stream = any ($1) and version = 0', [untouched]);
}
