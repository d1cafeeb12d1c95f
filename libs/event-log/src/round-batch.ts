import { admit, commandOfItem, type Admission } from './admission.js';
import { Decisions } from './decisions.js';
import { insertHeld, replaceUnknown } from './held-store.js';
import { stillUnanswered, storeAnswers } from './idempotency.js';
import type { LoggedEvent } from './log.js';
import type { Participant, Transaction } from './participant.js';
import type { RetryPolicy } from './retry-policy.js';
import { startRound } from './round-start.js';
import type { Lease, Outcome, RoundItem } from './round-types.js';

/** What a committed round leaves to do for others. */
export interface News {
  /** What was appended to the log. */
  readonly events: readonly LoggedEvent[];
  /** New entries of the agenda. */
  readonly armed: number;
  /** Messages in the held store that were not there before. */
  readonly held: number;
}

export interface BatchResult {
  readonly outcomes: readonly Outcome[];
  readonly news: News;
}

interface Typed {
  readonly type: string;
}

/** One batch in one transaction, one statement per step for the whole batch. Items must not repeat an idempotency key. */
export async function runBatch<Command extends Typed, State, Event extends Typed>(
  tx: Transaction,
  participant: Participant<Command, State, Event>,
  items: readonly RoundItem<Command, State>[],
  leases: readonly Lease[],
  retry: RetryPolicy,
): Promise<BatchResult> {
  const commands = items.map((item) => commandOfItem(participant.choreography.reactsTo, item));
  // What is not admitted after all is locked and loaded too: it is rare, and waiting for the claims first is a round trip.
  const [now, admissions, decisions] = await Promise.all([
    startRound(tx, leases),
    admit(tx, commands, items, retry),
    Decisions.load(
      tx,
      participant,
      commands.filter((command) => command !== undefined),
    ),
  ]);
  const toHold = admissions.flatMap((admission) => (admission.kind === 'hold' ? [admission.row] : []));
  await insertHeld(tx, toHold);
  await replaceUnknown(
    tx,
    admissions.flatMap((admission) => (admission.kind === 'copy' ? [admission.item] : [])),
  );
  await decisions.make(
    now,
    admissions.filter((admission) => admission.kind === 'assigned'),
  );
  const verdicts = decisions.verdicts.values();
  const outcomes = admissions.map((admission) =>
    admission.kind === 'assigned' ? (verdicts.next().value as Outcome) : outcomeOf(admission),
  );
  const [armed, , events] = await Promise.all([
    decisions.save(tx),
    settleKeys(tx, items, admissions, outcomes),
    decisions.append(tx),
  ]);
  return { outcomes, news: { events, armed, held: toHold.length } };
}

function outcomeOf<Command, State>(admission: Admission<Command, State>): Outcome {
  if (admission.kind === 'assigned') throw new Error('an assigned item has no outcome before its decision');
  if (admission.kind === 'copy') return { kind: 'duplicate' };
  if (admission.kind !== 'hold') return admission;
  const { status, failure } = admission.row;
  return { kind: 'held', code: status === 'waiting' ? undefined : failure.code };
}

async function settleKeys<Command, State>(
  tx: Transaction,
  items: readonly RoundItem<Command, State>[],
  admissions: readonly Admission<Command, State>[],
  outcomes: readonly Outcome[],
): Promise<void> {
  const decided = items.flatMap((item, place) => {
    const outcome = outcomes[place];
    return item.kind === 'request' && item.idempotency && outcome && admissions[place]?.kind === 'assigned'
      ? [{ key: item.idempotency, outcome }]
      : [];
  });
  await Promise.all([
    storeAnswers(
      tx,
      decided.flatMap(({ key, outcome }) => (outcome.kind === 'decided' ? [{ key, answer: outcome.answer }] : [])),
    ),
    stillUnanswered(
      tx,
      decided.flatMap(({ key, outcome }) => (outcome.kind === 'refused' ? [key] : [])),
    ),
  ]);
}
