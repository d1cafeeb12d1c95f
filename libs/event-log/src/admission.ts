import { Refusal, type Choreography, type PublicEvent } from '@quadrille/contracts';
import type { Assignment } from './decisions.js';
import { failedRow, heldAmong, waitingRow, type NewHeld } from './held-store.js';
import { slotOfKey, storedAnswers, type IdempotencyKey, type StoredAnswer } from './idempotency.js';
import { claimMessages } from './inbox.js';
import type { Transaction } from './participant.js';
import { retryDelayMs, type RetryPolicy } from './retry-policy.js';
import type { DeliveryItem, Outcome, RequestItem, RoundItem } from './round-types.js';

/** What becomes of an item before anything is decided. */
export type Admission<Command, State> =
  | ({ readonly kind: 'assigned' } & Assignment<Command, State>)
  | { readonly kind: 'hold'; readonly row: NewHeld }
  /** A message that is known, of a key that is held: it may be readable where what is held is not. */
  | { readonly kind: 'copy'; readonly item: DeliveryItem }
  | Outcome;

/**
 * Sorts a batch: what is known already, what has to queue up behind a held message of its key, and what is to be decided;
 * `commands` are what the items ask for. Claims inbox rows, in a fixed order, until the transaction ends.
 */
export async function admit<Command, State>(
  tx: Transaction,
  commands: readonly (Command | undefined)[],
  items: readonly RoundItem<Command, State>[],
  retry: RetryPolicy,
): Promise<Admission<Command, State>[]> {
  const deliveries = items.filter((item) => item.kind === 'delivery');
  const [fresh, answers, heldKeys] = await Promise.all([
    claimMessages(
      tx,
      deliveries.map(({ messageId }) => messageId),
    ),
    storedAnswers(
      tx,
      items.flatMap((item) => (item.kind === 'request' && item.idempotency ? [item.idempotency] : [])),
    ),
    // A statement of its own sees what a round has held that was waited for.
    heldAmong(tx, [...new Set(deliveries.map(({ key }) => key))]),
  ]);
  return items.map((item, place) => {
    switch (item.kind) {
      case 'delivery':
        return admitDelivery(item, commands[place], fresh, heldKeys, retry);
      case 'request':
        return admitRequest(item, answers);
      case 'wake-up':
        return { kind: 'assigned', command: item.command, cause: item.cause, answer: item.answer };
    }
  });
}

function admitDelivery<Command, State>(
  item: DeliveryItem,
  command: Command | undefined,
  fresh: Set<string>,
  heldKeys: Set<string>,
  retry: RetryPolicy,
): Admission<Command, State> {
  // Deleting makes a second copy within the batch a duplicate.
  if (!fresh.delete(item.messageId.toLowerCase()))
    return heldKeys.has(item.key) && item.content.kind === 'event' ? { kind: 'copy', item } : { kind: 'duplicate' };
  if (heldKeys.has(item.key)) return { kind: 'hold', row: waitingRow(item) };
  if (item.content.kind === 'unreadable') {
    heldKeys.add(item.key);
    return { kind: 'hold', row: failedRow(item, item.content, retryDelayMs(retry, 1)) };
  }
  // A binding of yesterday may still bring what nobody listens to any more.
  return command ? { kind: 'assigned', command, cause: item.cause } : { kind: 'decided', events: 0 };
}

function admitRequest<Command, State>(
  { command, cause, answer, idempotency }: RequestItem<Command, State>,
  answers: ReadonlyMap<string, StoredAnswer>,
): Admission<Command, State> {
  const stored = idempotency && answers.get(slotOfKey(idempotency));
  if (!stored) return { kind: 'assigned', command, cause, answer };
  if (stored.bodyHash === idempotency.bodyHash) return { kind: 'replayed', answer: stored.answer };
  return { kind: 'refused', refusal: keyReused(idempotency) };
}

function keyReused({ key }: IdempotencyKey): Refusal {
  return new Refusal('idempotency_key_reused', `the idempotency key ${key} was used before with another body`);
}

/** What an item asks for, or undefined when it cannot be read or means nothing here. */
export function commandOfItem<Command, State>(
  reactsTo: Choreography<Command, never>['reactsTo'],
  item: RoundItem<Command, State>,
): Command | undefined {
  if (item.kind !== 'delivery') return item.command;
  return item.content.kind === 'event' ? commandOf(reactsTo, item.content.event) : undefined;
}

/** The command that an event means to this service, or undefined when it does not listen to it. */
export function commandOf<Command>(
  reactsTo: Choreography<Command, never>['reactsTo'],
  event: PublicEvent,
): Command | undefined {
  // The table's entry for a type takes events of that type, which TypeScript cannot follow through the lookup.
  const translate = reactsTo[event.type] as ((event: PublicEvent) => Command) | undefined;
  return translate?.(event);
}
