import { RoundCollision } from './faults.js';
import type { Transaction } from './participant.js';

/**
 * The current version of each stream, locked until the transaction ends. Streams that were never written are at 0, and there is nothing
 * of them to lock: whoever begins one first has it, which `moveHeads` finds out.
 */
export async function lockHeads(tx: Transaction, streams: readonly string[]): Promise<Map<string, number>> {
  const heads = new Map(streams.map((stream) => [stream, 0]));
  if (streams.length === 0) return heads;
  const present = await tx.query<{ stream: string; version: number }>(
    // In order, so that two rounds cannot wait for each other.
    `select stream, version from stream_head where stream = any ($1) order by stream for update`,
    [streams],
  );
  for (const { stream, version } of present) heads.set(stream, version);
  return heads;
}

export interface HeadMove {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves heads from the version at which they were found: the first thing that a round writes, so that of two rounds that begin one
 * stream the second waits here, and nowhere else. What was decided from a stream's beginning without changing it was decided on
 * nothing only if it has not begun in the meantime. All is one `RoundCollision` otherwise.
 */
export async function moveHeads(tx: Transaction, heads: readonly HeadMove[]): Promise<void> {
  await Promise.all([
    begin(
      tx,
      heads.filter(({ from, to }) => from === 0 && to > 0),
    ),
    move(
      tx,
      heads.filter(({ from, to }) => from > 0 && to > from),
    ),
    stillNothing(
      tx,
      heads.filter(({ to }) => to === 0).map(({ stream }) => stream),
    ),
  ]);
}

async function begin(tx: Transaction, moves: readonly HeadMove[]): Promise<void> {
  if (moves.length === 0) return;
  const begun = await tx.query(
    `insert into stream_head (stream, version)
     select stream, version from unnest($1::text[], $2::int[]) as head (stream, version) order by stream collate "C"
     on conflict do nothing returning 1`,
    [moves.map(({ stream }) => stream), moves.map(({ to }) => to)],
  );
  if (begun.length !== moves.length) throw begunElsewhere();
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

async function stillNothing(tx: Transaction, streams: readonly string[]): Promise<void> {
  if (streams.length === 0) return;
  const begun = await tx.query('select 1 from stream_head where stream = any ($1) limit 1', [streams]);
  if (begun.length > 0) throw begunElsewhere();
}

function begunElsewhere(): RoundCollision {
  return new RoundCollision('a stream began in another round at the same moment');
}
