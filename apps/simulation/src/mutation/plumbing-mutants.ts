import { shippedParticipants } from '../participants.js';
import { soundPlumbing, type Plumbing } from '../plumbing.js';
import type { Mutant } from './mutant.js';

/** Each breaks a promise of the modelled plumbing; the suites of the libraries break the real one. */
export const plumbingMutants: readonly Mutant[] = [
  broken('the inbox is dropped', { checksInbox: false }),
  broken('acknowledged before the commit', { acknowledgesAfterCommit: false }),
  broken('answered before the commit', { answersAfterCommit: false }),
  broken('no lease check', { checksLease: false }),
  broken('streams are not locked', { locksStreams: false }),
  broken('naive stock update', { locksLevels: false }),
  broken('messages of a batch do not see each other', { seesPredecessors: false }),
  broken('the log is locked after the insert', { drawsPositionsAtCommit: false }),
  broken('idempotency keys are not kept', { keepsIdempotencyKeys: false }),
  broken('deadlines live in memory', { keepsDeadlinesWithState: false }),
  broken('tasks live in memory', { keepsTasksWithState: false }),
  broken('the relay moves its checkpoint first', { publishesBeforeCheckpoint: false }),
  broken('two in flight per subject', { publishesInOrder: false }),
  broken('an unconfirmed publish is not repeated', { repeatsUnconfirmed: false }),
  broken('published before the commit', { publishesOnlyCommitted: false }),
  broken('a new provider key per retry', { repeatsProviderKeys: false }),
  broken('charged in one call, with a new key per retry', { repeatsProviderKeys: false, commitsIntentFirst: false }),
  broken('confirmed before its intent is committed', { commitsIntentFirst: false }),
  broken('an unknown outcome is taken for a decline', { looksUpUnknown: false }),
];

function broken(name: string, promises: Partial<Plumbing>): Mutant {
  return { name: `plumbing: ${name}`, participants: shippedParticipants, plumbing: { ...soundPlumbing, ...promises } };
}
