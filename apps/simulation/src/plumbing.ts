/** The promises of the plumbing around the deciders, as the model keeps them. A mutant breaks one. */
export interface Plumbing {
  /** A message that the inbox knows is not decided again. */
  readonly checksInbox: boolean;
  readonly acknowledgesAfterCommit: boolean;
  readonly answersAfterCommit: boolean;
  /** An owner whose lease has ended commits nothing. */
  readonly checksLease: boolean;
  readonly locksStreams: boolean;
  readonly locksLevels: boolean;
  /** In a batch each message sees what its predecessors did. */
  readonly seesPredecessors: boolean;
  /** Log positions are drawn under the log's lock, so that a reader never passes a row that commits later. */
  readonly drawsPositionsAtCommit: boolean;
  readonly keepsIdempotencyKeys: boolean;
  readonly keepsDeadlinesWithState: boolean;
  readonly keepsTasksWithState: boolean;
  /** The checkpoint waits behind the publish. */
  readonly publishesBeforeCheckpoint: boolean;
  /** At most one unconfirmed event per subject. */
  readonly publishesInOrder: boolean;
  /** An unconfirmed publish is done again. */
  readonly repeatsUnconfirmed: boolean;
  readonly publishesOnlyCommitted: boolean;
  /** A repeated call to the provider carries the key of the first. */
  readonly repeatsProviderKeys: boolean;
  /** The intent's id is committed before anything is confirmed. */
  readonly commitsIntentFirst: boolean;
  /** An unknown outcome is looked up, and is not taken for a decline. */
  readonly looksUpUnknown: boolean;
}

export const soundPlumbing: Plumbing = {
  checksInbox: true,
  acknowledgesAfterCommit: true,
  answersAfterCommit: true,
  checksLease: true,
  locksStreams: true,
  locksLevels: true,
  seesPredecessors: true,
  drawsPositionsAtCommit: true,
  keepsIdempotencyKeys: true,
  keepsDeadlinesWithState: true,
  keepsTasksWithState: true,
  publishesBeforeCheckpoint: true,
  publishesInOrder: true,
  repeatsUnconfirmed: true,
  publishesOnlyCommitted: true,
  repeatsProviderKeys: true,
  commitsIntentFirst: true,
  looksUpUnknown: true,
};
